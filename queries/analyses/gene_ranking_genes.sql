-- title: Genes of an expression profile
-- grain: a gene
-- reference: genomic.expression
SELECT DISTINCT hugo_symbol
FROM genomic.expression
WHERE cohort_id = $cohort_id
  AND molecular_profile_id = $profile
  AND value IS NOT NULL
ORDER BY hugo_symbol
