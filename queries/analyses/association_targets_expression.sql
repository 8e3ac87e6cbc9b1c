-- title: Expression of genes in persons
-- grain: a gene in a specimen of a person, under one molecular profile
-- reference: genomic.expression; specimen_rule in the cohort file, by mart.patient_specimen
--
-- Of a person with several specimens the rule of the cohort picks one, among those with a value in
-- the profile, or the mean of all; normal tissue does not stand for the tumour unless sample_types
-- names it. Where there is no rule, or it leaves several, each has its rows: the analysis refuses
-- them.
WITH candidate AS (
  SELECT
    patient_specimen.person_id, patient_specimen.sample_id,
    coalesce(patient_specimen.averages, FALSE) AS averages,
    patient_specimen.specimen_rule IS NULL
    OR patient_specimen.averages
    OR patient_specimen.place = min(patient_specimen.place) OVER (
      PARTITION BY patient_specimen.patient_id
    ) AS stands
  FROM mart.patient_specimen
  SEMI JOIN (
    SELECT sample_id
    FROM genomic.expression
    WHERE cohort_id = $cohort_id
      AND molecular_profile_id = $profile
      AND value IS NOT NULL
  ) AS measured ON measured.sample_id = patient_specimen.sample_id
  WHERE patient_specimen.cohort_id = $cohort_id
    AND CASE
      WHEN $sample_types IS NOT NULL
        THEN list_contains(CAST($sample_types AS VARCHAR[]), patient_specimen.sample_type)
      ELSE patient_specimen.specimen_rule IS NULL OR NOT patient_specimen.normal
    END
),
measured AS (
  SELECT
    candidate.person_id, candidate.averages,
    expression.hugo_symbol AS target,
    expression.value
  FROM genomic.expression
  JOIN candidate ON candidate.sample_id = expression.sample_id
  WHERE candidate.stands
    AND expression.cohort_id = $cohort_id
    AND expression.molecular_profile_id = $profile
    AND ($names IS NULL OR list_contains(CAST($names AS VARCHAR[]), expression.hugo_symbol))
    AND expression.value IS NOT NULL
)
SELECT person_id, target, value
FROM measured
WHERE NOT averages
UNION ALL
SELECT person_id, target, avg(value) AS value
FROM measured
WHERE averages
GROUP BY person_id, target
ORDER BY target, person_id
