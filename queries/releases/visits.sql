-- title: The imaging visits of all patients
-- grain: a patient of a cohort x timepoint
-- reference: study.timepoint
SELECT cohort_id, patient_id, timepoint_id, study_day, visit_order
FROM study.timepoint
ORDER BY cohort_id, patient_id, timepoint_id
