-- title: Everybody, to be compared with a keyed hash
-- grain: a patient of a cohort
-- reference: study.patient
SELECT
  cohort_id,
  patient_id,
  person_id
FROM study.patient
