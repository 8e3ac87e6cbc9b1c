-- title: Which of some cohorts are in the warehouse
-- grain: a cohort
-- reference: study.cohort
SELECT cohort_id
FROM study.cohort
WHERE list_contains(CAST($cohorts AS VARCHAR[]), cohort_id)
ORDER BY cohort_id
