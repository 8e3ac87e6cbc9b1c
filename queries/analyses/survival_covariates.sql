-- title: Clinical variables and marker results of persons, as covariates
-- grain: a covariate of a person
-- reference: study.patient; clinical.variable, of the patient or of the visit; mart.patient_biomarker
--
-- sex, site and age_at_day_zero are those of study.patient, and no variables of these names.
WITH patient AS (
  SELECT person_id, cohort_id, patient_id, sex, site, age_at_day_zero
  FROM study.patient
  WHERE cohort_id = $cohort_id
),
known AS (
  SELECT person_id, 'sex' AS covariate, NULL AS value_number, sex AS value_text
  FROM patient
  WHERE sex <> 'unknown'
  UNION ALL
  SELECT person_id, 'site' AS covariate, NULL AS value_number, site AS value_text
  FROM patient
  WHERE site IS NOT NULL
  UNION ALL
  SELECT
    person_id, 'age_at_day_zero' AS covariate, CAST(age_at_day_zero AS DOUBLE) AS value_number,
    NULL AS value_text
  FROM patient
  WHERE age_at_day_zero IS NOT NULL
  UNION ALL
  SELECT
    patient.person_id, variable.variable AS covariate, variable.value_number,
    coalesce(variable.value_text, trim(variable.as_given)) AS value_text
  FROM clinical.variable
  JOIN patient
    ON patient.cohort_id = variable.cohort_id
    AND patient.patient_id = variable.patient_id
  WHERE variable.variable NOT IN ('sex', 'site', 'age_at_day_zero')
    AND (variable.timepoint_id IS NULL OR variable.timepoint_id = $timepoint)
    AND variable.value_status = 'ok'
)
SELECT DISTINCT person_id, covariate, value_number, value_text
FROM known
WHERE list_contains(CAST($clinical AS VARCHAR[]), covariate)
UNION ALL
SELECT DISTINCT
  patient.person_id,
  patient_biomarker.marker AS covariate,
  NULL AS value_number,
  patient_biomarker.result AS value_text
FROM mart.patient_biomarker
JOIN patient
  ON patient.cohort_id = patient_biomarker.cohort_id
  AND patient.patient_id = patient_biomarker.patient_id
WHERE list_contains(CAST($markers AS VARCHAR[]), patient_biomarker.marker)
  AND patient_biomarker.result IS NOT NULL
ORDER BY ALL
