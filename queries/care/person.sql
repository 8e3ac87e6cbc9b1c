-- title: Patients who are called so
-- grain: a patient of a cohort
-- reference: study.patient
SELECT
  cohort_id,
  patient_id,
  person_id
FROM study.patient
WHERE person_id = $given
  OR patient_id = $given
  OR concat(cohort_id, ':', patient_id) = $given
ORDER BY cohort_id, patient_id
