-- title: Genes with values under a molecular profile
-- grain: a gene
-- reference: genomic.expression
SELECT DISTINCT hugo_symbol
FROM genomic.expression
WHERE molecular_profile_id = $profile
  AND value IS NOT NULL
ORDER BY hugo_symbol
