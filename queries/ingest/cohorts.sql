-- title: Cohorts of the warehouse
-- grain: a cohort
-- reference: study.cohort
SELECT cohort_id
FROM study.cohort
ORDER BY cohort_id
