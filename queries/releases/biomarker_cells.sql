-- title: Marker results of patients
-- grain: a patient of a cohort x marker x method x day
-- reference: genomic.biomarker
SELECT cohort_id, patient_id, marker, method, study_day, result, batch_id
FROM genomic.biomarker
WHERE list_contains(CAST($cohorts AS VARCHAR[]), cohort_id)
ORDER BY cohort_id, patient_id, marker, method, study_day
