-- title: Clinical variables of persons that are numbers
-- grain: a variable of a person, either of the patient or of the visit
-- reference: clinical.variable
SELECT
  patient.person_id,
  variable.variable AS target,
  variable.value_number AS value
FROM clinical.variable
JOIN study.patient
  ON patient.cohort_id = variable.cohort_id
  AND patient.patient_id = variable.patient_id
WHERE variable.cohort_id = $cohort_id
  AND (variable.timepoint_id IS NULL OR variable.timepoint_id = $timepoint)
  AND ($names IS NULL OR list_contains(CAST($names AS VARCHAR[]), variable.variable))
  AND variable.value_number IS NOT NULL
ORDER BY variable.variable, patient.person_id
