-- title: Results of markers of persons as a number
-- grain: a marker of a person
-- reference: mart.patient_biomarker; a result that is contradictory or undecided is missing
--
-- Where $positive names results, they are 1 and all others 0; else each result is a category, by
-- its place among the words of the marker in their order.
SELECT
  person_id,
  marker AS target,
  CASE
    WHEN $positive IS NULL
      THEN CAST(dense_rank() OVER (PARTITION BY marker ORDER BY result) - 1 AS DOUBLE)
    WHEN list_contains(CAST($positive AS VARCHAR[]), result) THEN 1.0
    ELSE 0.0
  END AS value
FROM mart.patient_biomarker
WHERE cohort_id = ANY($cohorts)
  AND ($names IS NULL OR list_contains(CAST($names AS VARCHAR[]), marker))
  AND result IS NOT NULL
ORDER BY marker, person_id
