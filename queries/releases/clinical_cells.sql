-- title: Clinical variables of patients
-- grain: a patient of a cohort x variable x visit
-- reference: clinical.variable
SELECT
  variable.cohort_id,
  variable.patient_id,
  variable.timepoint_id,
  timepoint.study_day,
  variable.variable,
  variable.value_number,
  coalesce(variable.value_text, trim(variable.as_given)) AS value_text,
  dictionary.type,
  variable.unit,
  variable.batch_id
FROM clinical.variable
LEFT JOIN study.timepoint
  ON timepoint.cohort_id = variable.cohort_id
  AND timepoint.patient_id = variable.patient_id
  AND timepoint.timepoint_id = variable.timepoint_id
LEFT JOIN clinical.dictionary
  ON dictionary.cohort_id = variable.cohort_id
  AND dictionary.variable = variable.variable
WHERE variable.value_status = 'ok'
  AND list_contains(CAST($cohorts AS VARCHAR[]), variable.cohort_id)
ORDER BY variable.cohort_id, variable.patient_id, variable.timepoint_id, variable.variable
