-- title: Clinical variables of persons as categories
-- grain: a variable of a person, either of the patient or of the visit
-- reference: clinical.variable; study.patient for sex
--
-- A category is a number: its place among the words of the variable, in their order. Where a
-- table delivers sex, it stands for those patients of whom it has one.
WITH given AS (
  SELECT
    patient.person_id, variable.variable AS target,
    coalesce(variable.value_text, CAST(variable.value_number AS VARCHAR)) AS word
  FROM clinical.variable
  JOIN study.patient
    ON patient.cohort_id = variable.cohort_id
    AND patient.patient_id = variable.patient_id
  WHERE variable.cohort_id = ANY($cohorts)
    AND (variable.timepoint_id IS NULL OR variable.timepoint_id = $timepoint)
    AND variable.value_status = 'ok'
  UNION ALL
  SELECT person_id, 'sex' AS target, sex AS word
  FROM study.patient
  WHERE cohort_id = ANY($cohorts)
    AND NOT EXISTS (
      SELECT delivered.variable
      FROM clinical.variable AS delivered
      WHERE delivered.cohort_id = patient.cohort_id
        AND delivered.patient_id = patient.patient_id
        AND delivered.variable = 'sex'
        AND (delivered.timepoint_id IS NULL OR delivered.timepoint_id = $timepoint)
        AND delivered.value_status = 'ok'
    )
)
SELECT
  person_id,
  target,
  CAST(dense_rank() OVER (PARTITION BY target ORDER BY word) - 1 AS DOUBLE) AS value
FROM given
WHERE word IS NOT NULL
  AND ($names IS NULL OR list_contains(CAST($names AS VARCHAR[]), target))
ORDER BY target, person_id
