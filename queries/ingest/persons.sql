-- title: The person behind every patient of every cohort
-- grain: a patient of a cohort
-- reference: study.patient
SELECT cohort_id, patient_id, person_id
FROM study.patient
ORDER BY cohort_id, patient_id
