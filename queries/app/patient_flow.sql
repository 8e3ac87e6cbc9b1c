-- title: The flow of patients of every cohort
-- grain: a cohort x step
-- reference: mart_versions.patient_flow_v1
SELECT cohort_id, step_no, step, n, n_lost, reason
FROM mart_versions.patient_flow_v1
ORDER BY cohort_id, step_no
