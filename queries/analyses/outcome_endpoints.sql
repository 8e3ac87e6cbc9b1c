-- title: Endpoints of a cohort
-- grain: an endpoint
-- reference: clinical.outcome
SELECT DISTINCT endpoint
FROM clinical.outcome
WHERE cohort_id = $cohort_id
ORDER BY endpoint
