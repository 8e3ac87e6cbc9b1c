-- title: Mean squares of complete two-way tables of ratings
-- grain: a feature of a stability key (cohort, region, sequence, profile, engine)
-- reference: Shrout and Fleiss 1979, doi 10.1037/0033-2909.86.2.420
--
-- Reads a relation `ratings` that holds every (target, rater) cell of a feature once. Values are
-- centred by the mean of their feature first: plain sums of squares lose all digits where a
-- feature's offset is large against its spread. msr is the mean square between targets, msw
-- within targets, msc between raters, mse residual.
WITH centre AS (
  SELECT
    cohort_id, region, sequence, profile, engine, feature,
    avg(value) AS grand_mean,
    min(value) AS value_min,
    max(value) AS value_max
  FROM ratings
  GROUP BY ALL
),
centred AS (
  SELECT
    cohort_id, region, sequence, profile, engine, feature, target, rater,
    ratings.value - centre.grand_mean AS deviation
  FROM ratings
  JOIN centre USING (cohort_id, region, sequence, profile, engine, feature)
),
target AS (
  SELECT
    cohort_id, region, sequence, profile, engine, feature, target,
    avg(deviation) AS mean_deviation,
    count(*) AS n_raters,
    var_pop(deviation) * count(*) AS sum_within
  FROM centred
  GROUP BY ALL
),
between_targets AS (
  SELECT
    cohort_id, region, sequence, profile, engine, feature,
    count(*) AS n_targets,
    any_value(n_raters) AS n_raters,
    var_pop(mean_deviation) * count(*) AS sum_targets,
    sum(sum_within) AS sum_within
  FROM target
  GROUP BY ALL
),
rater AS (
  SELECT
    cohort_id, region, sequence, profile, engine, feature, rater,
    avg(deviation) AS mean_deviation
  FROM centred
  GROUP BY ALL
),
between_raters AS (
  SELECT
    cohort_id, region, sequence, profile, engine, feature,
    var_pop(mean_deviation) * count(*) AS sum_raters
  FROM rater
  GROUP BY ALL
)
SELECT
  cohort_id, region, sequence, profile, engine, feature,
  n_targets,
  n_raters,
  n_raters * sum_targets / nullif(n_targets - 1, 0) AS msr,
  sum_within / nullif(n_targets * (n_raters - 1), 0) AS msw,
  n_targets * sum_raters / nullif(n_raters - 1, 0) AS msc,
  -- a difference: rounding can push it below zero where raters agree but for an offset
  greatest(sum_within - n_targets * sum_raters, 0)
    / nullif((n_targets - 1) * (n_raters - 1), 0) AS mse,
  value_min,
  value_max
FROM between_targets
JOIN between_raters USING (cohort_id, region, sequence, profile, engine, feature)
JOIN centre USING (cohort_id, region, sequence, profile, engine, feature)
ORDER BY cohort_id, region, sequence, profile, engine, feature
