-- title: Expression of genes in persons
-- grain: a gene in a specimen of a person, under one molecular profile
-- reference: genomic.expression
--
-- A person with several specimens has several rows; the analysis refuses them instead of
-- averaging.
SELECT
  patient.person_id,
  expression.hugo_symbol AS target,
  expression.value
FROM genomic.expression
JOIN genomic.sample
  ON sample.cohort_id = expression.cohort_id
  AND sample.sample_id = expression.sample_id
JOIN study.patient
  ON patient.cohort_id = sample.cohort_id
  AND patient.patient_id = sample.patient_id
WHERE expression.cohort_id = $cohort_id
  AND expression.molecular_profile_id = $profile
  AND ($sample_types IS NULL OR list_contains(CAST($sample_types AS VARCHAR[]), sample.sample_type))
  AND ($names IS NULL OR list_contains(CAST($names AS VARCHAR[]), expression.hugo_symbol))
  AND expression.value IS NOT NULL
ORDER BY expression.hugo_symbol, patient.person_id
