-- title: What the cohorts are and under which terms they may be used
-- grain: a cohort
-- reference: study.cohort
SELECT cohort_id, title, license, day_zero
FROM study.cohort
ORDER BY cohort_id
