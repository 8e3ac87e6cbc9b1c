-- title: Response assessments of patients
-- grain: a patient of a cohort x criteria x visit
-- reference: clinical.response; an assessment without a day of its own has that of its visit
SELECT
  response.cohort_id,
  response.patient_id,
  response.timepoint_id,
  response.criteria,
  coalesce(response.study_day, timepoint.study_day) AS study_day,
  response.response,
  response.batch_id
FROM clinical.response
LEFT JOIN study.timepoint
  ON timepoint.cohort_id = response.cohort_id
  AND timepoint.patient_id = response.patient_id
  AND timepoint.timepoint_id = response.timepoint_id
WHERE list_contains(CAST($cohorts AS VARCHAR[]), response.cohort_id)
ORDER BY response.cohort_id, response.patient_id, response.criteria, response.timepoint_id
