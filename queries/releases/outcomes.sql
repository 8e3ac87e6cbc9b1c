-- title: Endpoints of patients
-- grain: a patient of a cohort x endpoint x start anchor
-- reference: clinical.outcome
SELECT cohort_id, patient_id, endpoint, start_anchor, time_days, event, batch_id
FROM clinical.outcome
WHERE list_contains(CAST($cohorts AS VARCHAR[]), cohort_id)
ORDER BY cohort_id, patient_id, endpoint, start_anchor
