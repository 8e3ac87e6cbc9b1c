-- title: The covariates that a harmonization model preserves, as numbers, for a patient at a visit
-- grain: a visit of a patient x a model of a current run, where all its covariates are known
-- reference: result.harmonization_covariate, mart.visit_variable
-- since: 0.1.0
--
-- In the order of their place: a number as it is, a class as 1 and the others as 0. The first two
-- stand by themselves, 0 where the model preserves fewer, for DuckDB joins numbers faster than
-- lists; the others are further_covariates, NULL where there are none. A visit of which one is not
-- known, or is a class that was not fitted, has no row.
WITH covariate AS (
  SELECT
    harmonization_covariate.analysis_run_id, harmonization_covariate.cohort_id,
    harmonization_covariate.sequence, harmonization_covariate.region,
    harmonization_covariate.profile, harmonization_covariate.engine,
    harmonization_covariate.source, harmonization_covariate.variable,
    harmonization_covariate.level, harmonization_covariate.place
  FROM result.harmonization_covariate
  JOIN ops.analysis_run
    ON analysis_run.analysis_run_id = harmonization_covariate.analysis_run_id
  WHERE analysis_run.current
    AND harmonization_covariate.preserved
),
counted AS (
  SELECT
    analysis_run_id, cohort_id, sequence, region, profile, engine,
    count(DISTINCT (source, variable)) AS n_covariates
  FROM covariate
  GROUP BY analysis_run_id, cohort_id, sequence, region, profile, engine
),
given AS (
  SELECT
    covariate.analysis_run_id, covariate.cohort_id, covariate.sequence, covariate.region,
    covariate.profile, covariate.engine, covariate.place, covariate.level,
    visit_variable.patient_id, visit_variable.timepoint_id, visit_variable.value_text,
    CASE
      WHEN covariate.level IS NULL THEN visit_variable.value_number
      ELSE CAST(covariate.level = visit_variable.value_text AS DOUBLE)
    END AS number
  FROM covariate
  JOIN mart_versions.visit_variable_v1 AS visit_variable
    ON visit_variable.cohort_id = covariate.cohort_id
    AND visit_variable.source = covariate.source
    AND visit_variable.variable = covariate.variable
),
known AS (
  SELECT
    analysis_run_id, cohort_id, sequence, region, profile, engine, patient_id, timepoint_id,
    -- one row of a covariate fits: its number, or the class of the patient
    count(*) FILTER (
      (level IS NULL AND number IS NOT NULL) OR level = value_text
    ) AS n_known,
    max(number) FILTER (place = 1) AS covariate_1,
    max(number) FILTER (place = 2) AS covariate_2,
    list(number ORDER BY place) FILTER (place > 2) AS further_covariates
  FROM given
  GROUP BY
    analysis_run_id, cohort_id, sequence, region, profile, engine, patient_id, timepoint_id
)
SELECT
  known.analysis_run_id,
  known.cohort_id,
  known.sequence,
  known.region,
  known.profile,
  known.engine,
  known.patient_id,
  known.timepoint_id,
  coalesce(known.covariate_1, 0) AS covariate_1,
  coalesce(known.covariate_2, 0) AS covariate_2,
  known.further_covariates
FROM known
JOIN counted
  USING (analysis_run_id, cohort_id, sequence, region, profile, engine)
WHERE counted.n_covariates = known.n_known
