-- title: Patients of a cohort who have images or ready-made features
-- grain: a patient
-- reference: imaging.series
SELECT DISTINCT patient_id
FROM imaging.series
WHERE cohort_id = $cohort_id
