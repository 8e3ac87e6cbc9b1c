-- title: Gene status of persons as a number
-- grain: a gene of a person
-- reference: mart.gene_status: MUT is 1, WT is 0, not profiled is missing
SELECT
  person_id,
  hugo_symbol AS target,
  CASE status
    WHEN 'MUT' THEN 1.0
    WHEN 'WT' THEN 0.0
  END AS value
FROM mart.gene_status
WHERE cohort_id = ANY($cohorts)
  AND ($names IS NULL OR list_contains(CAST($names AS VARCHAR[]), hugo_symbol))
  AND status IN ('MUT', 'WT')
ORDER BY hugo_symbol, person_id
