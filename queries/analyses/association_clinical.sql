-- title: Clinical variables of persons that are numbers, with age and sex
-- grain: a variable of a person, either of the patient or of the visit
-- reference: clinical.variable; study.patient for age_at_day_zero and sex (1 male, 0 female)
--
-- Where a table delivers a variable that is called like one of the patient, it stands for those
-- patients of whom it has a number. Age is among all variables; sex is given where it is named.
WITH own AS (
  SELECT
    cohort_id, patient_id, person_id, 'age_at_day_zero' AS variable, age_at_day_zero AS value
  FROM study.patient
  UNION ALL
  SELECT
    cohort_id, patient_id, person_id, 'sex' AS variable,
    CASE upper(left(sex, 1))
      WHEN 'M' THEN 1.0
      WHEN 'F' THEN 0.0
    END AS value
  FROM study.patient
)
SELECT
  patient.person_id,
  variable.variable AS target,
  variable.value_number AS value
FROM clinical.variable
JOIN study.patient
  ON patient.cohort_id = variable.cohort_id
  AND patient.patient_id = variable.patient_id
WHERE variable.cohort_id = ANY($cohorts)
  AND (variable.timepoint_id IS NULL OR variable.timepoint_id = $timepoint)
  AND ($names IS NULL OR list_contains(CAST($names AS VARCHAR[]), variable.variable))
  AND variable.value_status = 'ok'
  AND variable.value_number IS NOT NULL
UNION ALL
SELECT person_id, variable AS target, value
FROM own
WHERE cohort_id = ANY($cohorts)
  AND CASE
    WHEN $names IS NULL THEN variable = 'age_at_day_zero'
    ELSE list_contains(CAST($names AS VARCHAR[]), variable)
  END
  AND value IS NOT NULL
  AND NOT EXISTS (
    SELECT delivered.variable
    FROM clinical.variable AS delivered
    WHERE delivered.cohort_id = own.cohort_id
      AND delivered.patient_id = own.patient_id
      AND delivered.variable = own.variable
      AND (delivered.timepoint_id IS NULL OR delivered.timepoint_id = $timepoint)
      AND delivered.value_status = 'ok'
      AND delivered.value_number IS NOT NULL
  )
ORDER BY target, person_id
