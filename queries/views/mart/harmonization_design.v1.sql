-- title: The covariates that a harmonization model preserves, as numbers, for a patient at a visit
-- grain: a visit of a patient x a model of a current run, where all its covariates are known
-- reference: result.harmonization_covariate, mart.visit_variable
-- since: 0.1.0
--
-- design holds the covariates in the order of their place: a number as it is, a class as 1 and the
-- others as 0. A visit of which one of them is not known, or is a class that was not fitted, has no
-- row. design_no joins: cell_no of the row of mart.harmonization_cell without a batch x 2^32 +
-- visit_no of mart.visit_number.
WITH covariate AS (
  SELECT
    cell.cell_no, harmonization_covariate.cohort_id, harmonization_covariate.source,
    harmonization_covariate.variable, harmonization_covariate.level,
    harmonization_covariate.place
  FROM result.harmonization_covariate
  JOIN mart_versions.harmonization_cell_v1 AS cell
    USING (analysis_run_id, cohort_id, sequence, region, profile, engine)
  WHERE harmonization_covariate.preserved
    AND cell.batch IS NULL
),
counted AS (
  SELECT cell_no, count(DISTINCT (source, variable)) AS n_covariates
  FROM covariate
  GROUP BY cell_no
),
known AS (
  SELECT
    covariate.cell_no, visit_variable.cohort_id, visit_variable.patient_id,
    visit_variable.timepoint_id,
    -- one row of a covariate fits: its number, or the class of the patient
    count(*) FILTER (
      (covariate.level IS NULL AND visit_variable.value_number IS NOT NULL)
      OR covariate.level = visit_variable.value_text
    ) AS n_known,
    list(
      CASE
        WHEN covariate.level IS NULL THEN visit_variable.value_number
        ELSE CAST(covariate.level = visit_variable.value_text AS DOUBLE)
      END ORDER BY covariate.place
    ) FILTER (covariate.place > 0) AS design
  FROM covariate
  JOIN mart_versions.visit_variable_v1 AS visit_variable
    ON visit_variable.cohort_id = covariate.cohort_id
    AND visit_variable.source = covariate.source
    AND visit_variable.variable = covariate.variable
  GROUP BY
    covariate.cell_no, visit_variable.cohort_id, visit_variable.patient_id,
    visit_variable.timepoint_id
)
SELECT
  known.cell_no * 4294967296 + visit_number.visit_no AS design_no,
  known.cohort_id,
  known.patient_id,
  known.timepoint_id,
  known.cell_no,
  known.design
FROM known
JOIN counted
  ON counted.cell_no = known.cell_no
  AND counted.n_covariates = known.n_known
JOIN mart_versions.visit_number_v1 AS visit_number
  ON visit_number.cohort_id = known.cohort_id
  AND visit_number.patient_id = known.patient_id
  AND visit_number.timepoint_id = known.timepoint_id
