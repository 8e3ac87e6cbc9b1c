-- title: Intraclass correlation of raters in plain SQL, all six forms
-- grain: a feature of a stability key in a design
-- reference: Shrout and Fleiss 1979, doi 10.1037/0033-2909.86.2.420; McGraw and Wong 1996, doi 10.1037/1082-989X.1.1.30
-- since: 0.1.0
--
-- Mean squares and coefficients straight from the values of mart.rating, without a run: estimates
-- alone, for the intervals need quantiles of F (roentgene analyze, mart.feature_stability). Targets
-- that have a rating of every rater count; n_dropped says how many do not. Values are centred by
-- the mean of their feature first: plain sums of squares lose all digits where a feature's offset
-- is large against its spread. msr is the mean square between targets, msw within targets, msc
-- between raters, mse residual; a mean square below 1e-14 of all is what rounding leaves of zero.
-- icc_1_1 is one-way random, icc_a_1 two-way absolute agreement, icc_c_1 two-way consistency;
-- icc_1_k, icc_a_k and icc_c_k are the same of the mean of all raters. ccc is the (overall)
-- concordance of Lin and of Barnhart; square_cv the mean squared coefficient of variation within
-- targets. Coefficients are never clipped, and NULL with a reason where there is none:
-- no_target_variance leaves the forms that do not divide by msr, no_positive_denominator all but
-- icc_a_k, raters_not_crossed the one-way forms: a perturbed copy is drawn anew for each mask, so
-- it has no effect of its own. n_sites counts the known sites of the key's patients: sites differ
-- by their scanners, which makes targets differ more, so coefficients over several sites are
-- larger than those of one.
WITH centre AS (
  SELECT
    feature_no,
    avg(value) AS grand_mean,
    min(value) FILTER (is_complete) AS value_min,
    max(value) FILTER (is_complete) AS value_max,
    min(target_no) AS first_target_no
  FROM mart_versions.rating_v1
  GROUP BY feature_no
),
-- names are those of one target, for to carry texts through every row takes as long as all else
feature AS (
  SELECT
    rating.feature_no,
    any_value(rating.design) AS design,
    any_value(rating.cohort_id) AS cohort_id,
    any_value(rating.region) AS region,
    any_value(rating.sequence) AS sequence,
    any_value(rating.profile) AS profile,
    any_value(rating.engine) AS engine,
    any_value(rating.stability_key) AS stability_key,
    any_value(rating.feature) AS feature,
    any_value(rating.n_raters) AS n_raters,
    any_value(rating.n_targets_of_key) AS n_targets_of_key,
    any_value(rating.n_sites) AS n_sites,
    any_value(centre.value_min) AS value_min,
    any_value(centre.value_max) AS value_max,
    any_value(rating.has_repeats) AS has_repeats
  FROM mart_versions.rating_v1 AS rating
  JOIN centre
    ON centre.feature_no = rating.feature_no
    AND centre.first_target_no = rating.target_no
  GROUP BY rating.feature_no
),
target AS (
  SELECT
    rating.feature_no, rating.target_no,
    count(*) AS k,
    avg(rating.value - centre.grand_mean) AS mean_deviation,
    var_pop(rating.value - centre.grand_mean) AS variance_within
  FROM mart_versions.rating_v1 AS rating
  JOIN centre ON centre.feature_no = rating.feature_no
  WHERE rating.is_complete
  GROUP BY rating.feature_no, rating.target_no
),
between_targets AS (
  SELECT
    target.feature_no,
    count(*) AS n,
    any_value(target.k) AS k,
    var_pop(target.mean_deviation) * count(*) AS sum_targets,
    sum(target.variance_within * target.k) AS sum_within,
    avg(
      target.variance_within * target.k / nullif(
        (target.k - 1)
        * (target.mean_deviation + centre.grand_mean) * (target.mean_deviation + centre.grand_mean),
        0
      )
    ) AS square_cv
  FROM target
  JOIN centre ON centre.feature_no = target.feature_no
  GROUP BY target.feature_no
),
rater AS (
  SELECT
    rating.feature_no, rating.rater_no,
    avg(rating.value - centre.grand_mean) AS mean_deviation
  FROM mart_versions.rating_v1 AS rating
  JOIN centre ON centre.feature_no = rating.feature_no
  WHERE rating.is_complete
  GROUP BY rating.feature_no, rating.rater_no
),
between_raters AS (
  SELECT feature_no, var_pop(mean_deviation) * count(*) AS sum_raters
  FROM rater
  GROUP BY feature_no
),
squares AS (
  SELECT
    between_targets.feature_no,
    between_targets.n,
    between_targets.k,
    between_targets.square_cv,
    k * sum_targets / nullif(n - 1, 0) AS msr,
    sum_within / nullif(n * (k - 1), 0) AS msw,
    n * sum_raters / nullif(k - 1, 0) AS msc,
    -- a difference: rounding can push it below zero where raters agree but for an offset
    greatest(sum_within - n * sum_raters, 0) / nullif((n - 1) * (k - 1), 0) AS mse
  FROM between_targets
  JOIN between_raters ON between_raters.feature_no = between_targets.feature_no
),
told AS (
  SELECT
    feature.design, feature.cohort_id, feature.region, feature.sequence, feature.profile,
    feature.engine, feature.feature, feature.stability_key,
    coalesce(squares.n, 0) AS n_targets,
    feature.n_raters,
    feature.n_targets_of_key - coalesce(squares.n, 0) AS n_dropped,
    feature.n_sites,
    squares.square_cv, squares.msr, squares.msw, squares.msc, squares.mse,
    feature.value_min, feature.value_max,
    1e-14 * (squares.msr + squares.msc + squares.mse) AS floor_of_rounding,
    CASE
      WHEN feature.has_repeats THEN 'repeated_rating'
      WHEN feature.n_raters < 2 THEN 'too_few_raters'
      WHEN coalesce(squares.n, 0) < 3 THEN 'too_few_targets'
      WHEN feature.value_max - feature.value_min
        <= 1e-12 * greatest(abs(feature.value_min), abs(feature.value_max))
        THEN 'constant_feature'
    END AS reason
  FROM feature
  LEFT JOIN squares ON squares.feature_no = feature.feature_no
),
clean AS (
  SELECT
    design, cohort_id, region, sequence, profile, engine, feature, stability_key,
    n_targets, n_raters, n_dropped, n_sites, square_cv, value_min, value_max, reason,
    CASE WHEN reason IS NULL AND n_raters > 1 THEN n_targets END AS n,
    design <> 'perturbation' AS crossed,
    n_raters AS k,
    CASE WHEN msr <= floor_of_rounding THEN 0 ELSE msr END AS msr,
    CASE WHEN msw <= floor_of_rounding THEN 0 ELSE msw END AS msw,
    CASE WHEN msc <= floor_of_rounding THEN 0 ELSE msc END AS msc,
    CASE WHEN mse <= floor_of_rounding THEN 0 ELSE mse END AS mse
  FROM told
),
divided AS (
  SELECT
    design, cohort_id, region, sequence, profile, engine, feature, stability_key,
    n_targets, n_raters, n_dropped, n_sites, square_cv, value_min, value_max, reason,
    msr, msw, msc, mse, n, CASE WHEN crossed THEN n END AS n_crossed,
    msr + (k - 1) * msw AS of_1_1,
    msr + (k - 1) * mse + k * (msc - mse) / n AS of_a_1,
    msr + (k - 1) * mse AS of_c_1,
    msr + (msc - mse) / n AS of_a_k,
    (n - 1) * (msr + (k - 1) * mse) + k * msc AS of_ccc
  FROM clean
)
SELECT
  design,
  cohort_id,
  region,
  sequence,
  profile,
  engine,
  feature,
  stability_key,
  n_targets,
  n_raters,
  n_dropped,
  n_sites,
  CASE WHEN n IS NOT NULL AND of_1_1 > 0 THEN (msr - msw) / of_1_1 END AS icc_1_1,
  CASE WHEN n_crossed IS NOT NULL AND of_a_1 > 0 THEN (msr - mse) / of_a_1 END AS icc_a_1,
  CASE WHEN n_crossed IS NOT NULL AND of_c_1 > 0 THEN (msr - mse) / of_c_1 END AS icc_c_1,
  CASE WHEN n IS NOT NULL AND msr > 0 THEN (msr - msw) / msr END AS icc_1_k,
  CASE WHEN n_crossed IS NOT NULL AND of_a_k > 0 THEN (msr - mse) / of_a_k END AS icc_a_k,
  CASE WHEN n_crossed IS NOT NULL AND msr > 0 THEN (msr - mse) / msr END AS icc_c_k,
  CASE WHEN n_crossed IS NOT NULL AND of_ccc > 0 THEN (n - 1) * (msr - mse) / of_ccc END AS ccc,
  CASE WHEN n IS NOT NULL THEN sqrt(msw) END AS within_subject_sd,
  msr,
  msw,
  msc,
  mse,
  square_cv,
  value_min,
  value_max,
  CASE
    WHEN n IS NULL THEN reason
    WHEN msr = 0 THEN 'no_target_variance'
    WHEN n_crossed IS NULL THEN 'raters_not_crossed'
    WHEN of_a_k <= 0 THEN 'no_positive_denominator'
  END AS reason
FROM divided
