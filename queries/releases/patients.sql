-- title: Every patient, with what a release says of each
-- grain: a patient of a cohort
-- reference: study.patient, study.cohort, mart.person_day
SELECT
  patient.cohort_id,
  patient.patient_id,
  patient.person_id,
  patient.site,
  patient.sex,
  patient.age_at_day_zero,
  patient.batch_id,
  linked.zero_offset_days
FROM study.patient
LEFT JOIN (
  SELECT DISTINCT cohort_id, patient_id, zero_offset_days
  FROM mart.person_day
) AS linked
  ON linked.cohort_id = patient.cohort_id
  AND linked.patient_id = patient.patient_id
ORDER BY patient.cohort_id, patient.patient_id
