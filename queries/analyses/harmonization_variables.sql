-- title: Variables of persons at one visit
-- grain: a variable of a person
-- reference: mart.visit_variable
SELECT DISTINCT
  person_id,
  source,
  variable,
  value_number,
  value_text
FROM mart.visit_variable
WHERE cohort_id = $cohort_id
  AND timepoint_id = $timepoint
  AND ($asked IS NULL OR list_contains(CAST($asked AS VARCHAR[]), source || ':' || variable))
ORDER BY ALL
