-- title: Days of the anchors of patients
-- grain: a patient of a cohort x anchor
-- reference: mart.anchor
SELECT cohort_id, patient_id, anchor, anchor_day
FROM mart.anchor AS anchor
WHERE list_contains(CAST($cohorts AS VARCHAR[]), cohort_id)
ORDER BY cohort_id, patient_id, anchor
