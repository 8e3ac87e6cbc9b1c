-- title: Progressions and whether they were true
-- grain: a progression that began, of a patient of a cohort under one set of criteria
-- reference: mart.response_label, whose known_day is the day before which nobody knew
SELECT
  cohort_id,
  patient_id,
  timepoint_id,
  criteria,
  study_day,
  candidate_label,
  known_day
FROM mart.response_label AS response_label
WHERE list_contains(CAST($cohorts AS VARCHAR[]), cohort_id)
ORDER BY cohort_id, patient_id, criteria, study_day, timepoint_id
