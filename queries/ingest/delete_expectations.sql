-- title: Delete what a cohort expected, for the file says it anew
-- grain: an expectation
-- reference: study.expectation
DELETE FROM study.expectation
WHERE cohort_id = $cohort_id
