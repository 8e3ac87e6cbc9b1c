-- title: Patients who are one person
-- grain: a patient of a cohort
-- reference: study.patient
SELECT
  cohort_id,
  patient_id
FROM study.patient
WHERE person_id = $person_id
ORDER BY cohort_id, patient_id
