-- title: How much of a feature's variance the batch and the patients explain, before and after
-- grain: a factor x a feature that a current harmonization run adjusted
-- reference: Fisher 1925, eta squared: sum of squares between groups / total sum of squares
-- since: 0.1.0
--
-- On the persons whose values the run was fitted on. factor is batch, or source:variable of what the
-- run preserved or compared. explained_before and explained_after are the share of the variance of
-- the raw and of the harmonized values that goes with it: eta squared of a batch or class, the square
-- of Pearson's correlation of a number. rank_explained_before and rank_explained_after are the same
-- of average ranks (for groups H / (n - 1) of Kruskal and Wallis), which outliers do not carry. The
-- share of the batch should fall and that of biology stay. A share of small groups is never near
-- zero: with g groups it is (g - 1) / (n - 1) by chance. Factors of one group, and features without
-- variance, have no row.
WITH fitted AS (
  SELECT
    run_name, analysis_run_id, cohort_id, person_id, patient_id, timepoint_id, sequence, region,
    profile, engine, feature, batch, value, harmonized_value
  FROM mart_versions.harmonized_feature_v1
  WHERE was_fitted
    AND status = 'ok'
),
asked AS (
  SELECT DISTINCT
    analysis_run_id, cohort_id, sequence, region, profile, engine, source, variable, preserved,
    level IS NOT NULL AS is_class
  FROM result.harmonization_covariate
),
factored AS (
  SELECT
    run_name, analysis_run_id, cohort_id, sequence, region, profile, engine, feature,
    'batch' AS factor,
    'batch' AS kind,
    batch AS label,
    CAST(NULL AS DOUBLE) AS number,
    value,
    harmonized_value
  FROM fitted
  UNION ALL
  SELECT
    fitted.run_name, fitted.analysis_run_id, fitted.cohort_id, fitted.sequence, fitted.region,
    fitted.profile, fitted.engine, fitted.feature,
    asked.source || ':' || asked.variable,
    CASE WHEN asked.preserved THEN 'preserved' ELSE 'compared' END,
    CASE WHEN asked.is_class THEN visit_variable.value_text END,
    CASE WHEN NOT asked.is_class THEN visit_variable.value_number END,
    fitted.value,
    fitted.harmonized_value
  FROM fitted
  JOIN asked USING (analysis_run_id, cohort_id, sequence, region, profile, engine)
  JOIN mart_versions.visit_variable_v1 AS visit_variable
    ON visit_variable.cohort_id = fitted.cohort_id
    AND visit_variable.patient_id = fitted.patient_id
    AND visit_variable.timepoint_id = fitted.timepoint_id
    AND visit_variable.source = asked.source
    AND visit_variable.variable = asked.variable
  WHERE asked.is_class OR visit_variable.value_number IS NOT NULL
),
ranked AS (
  SELECT
    run_name, analysis_run_id, cohort_id, sequence, region, profile, engine, feature, factor, kind,
    label, number, value, harmonized_value,
    -- average ranks: those of equal values are one
    rank() OVER of_value + (count(*) OVER same_value - 1) / 2 AS value_rank,
    rank() OVER of_harmonized + (count(*) OVER same_harmonized - 1) / 2 AS harmonized_rank,
    rank() OVER of_number + (count(*) OVER same_number - 1) / 2 AS number_rank
  FROM factored
  WINDOW
    of_value AS (
      PARTITION BY
        analysis_run_id, cohort_id, sequence, region, profile, engine, feature, factor
      ORDER BY value
    ),
    same_value AS (
      PARTITION BY
        analysis_run_id, cohort_id, sequence, region, profile, engine, feature, factor, value
    ),
    of_harmonized AS (
      PARTITION BY
        analysis_run_id, cohort_id, sequence, region, profile, engine, feature, factor
      ORDER BY harmonized_value
    ),
    same_harmonized AS (
      PARTITION BY
        analysis_run_id, cohort_id, sequence, region, profile, engine, feature, factor,
        harmonized_value
    ),
    of_number AS (
      PARTITION BY
        analysis_run_id, cohort_id, sequence, region, profile, engine, feature, factor
      ORDER BY number
    ),
    same_number AS (
      PARTITION BY
        analysis_run_id, cohort_id, sequence, region, profile, engine, feature, factor, number
    )
),
centre AS (
  SELECT
    analysis_run_id, cohort_id, sequence, region, profile, engine, feature, factor,
    avg(value) AS value_mean,
    avg(harmonized_value) AS harmonized_mean,
    avg(number) AS number_mean
  FROM ranked
  GROUP BY ALL
),
centred AS (
  SELECT
    run_name, analysis_run_id, cohort_id, sequence, region, profile, engine, feature, factor, kind,
    label,
    number - number_mean AS number,
    value - value_mean AS value,
    harmonized_value - harmonized_mean AS harmonized_value,
    value_rank, harmonized_rank, number_rank
  FROM ranked
  JOIN centre USING (analysis_run_id, cohort_id, sequence, region, profile, engine, feature, factor)
),
-- the mean of each group stands for its values: its variance is what the groups explain
meant AS (
  SELECT
    run_name, analysis_run_id, cohort_id, sequence, region, profile, engine, feature, factor, kind,
    label, number, value, harmonized_value, value_rank, harmonized_rank, number_rank,
    avg(value) OVER of_group AS group_value,
    avg(harmonized_value) OVER of_group AS group_harmonized,
    avg(value_rank) OVER of_group AS group_value_rank,
    avg(harmonized_rank) OVER of_group AS group_harmonized_rank
  FROM centred
  WINDOW of_group AS (
    PARTITION BY
      analysis_run_id, cohort_id, sequence, region, profile, engine, feature, factor, label
  )
)
SELECT
  run_name,
  analysis_run_id,
  cohort_id,
  sequence,
  region,
  profile,
  engine,
  feature,
  factor,
  kind AS factor_kind,
  CASE WHEN count(label) = 0 THEN 'number' ELSE 'groups' END AS factor_scale,
  count(*) AS n_persons,
  nullif(count(DISTINCT label), 0) AS n_groups,
  CASE
    WHEN count(label) = 0 THEN corr(value, number) ** 2
    ELSE var_pop(group_value) / var_pop(value)
  END AS explained_before,
  CASE
    WHEN count(label) = 0 THEN corr(harmonized_value, number) ** 2
    ELSE var_pop(group_harmonized) / var_pop(harmonized_value)
  END AS explained_after,
  CASE
    WHEN count(label) = 0 THEN corr(value_rank, number_rank) ** 2
    ELSE var_pop(group_value_rank) / var_pop(value_rank)
  END AS rank_explained_before,
  CASE
    WHEN count(label) = 0 THEN corr(harmonized_rank, number_rank) ** 2
    ELSE var_pop(group_harmonized_rank) / var_pop(harmonized_rank)
  END AS rank_explained_after
FROM meant
GROUP BY
  run_name, analysis_run_id, cohort_id, sequence, region, profile, engine, feature, factor, kind
HAVING (count(DISTINCT label) > 1 OR var_pop(number) > 0)
  AND var_pop(value) > 0
  AND var_pop(harmonized_value) > 0
