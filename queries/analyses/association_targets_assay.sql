-- title: Molecular values of persons
-- grain: an entity (gene, probe, protein …) in a specimen of a person, under one molecular profile
-- reference: genomic.expression, copy_number, methylation, assay_value; specimen_rule in the cohort file, by mart.patient_specimen
--
-- Of a person with several specimens the rule of the cohort picks one, among those with a value in
-- the profile, or the mean of all; normal tissue does not stand for the tumour unless sample_types
-- names it. Where there is no rule, or it leaves several, each has its rows: the analysis refuses
-- them. A mean has no value where one of its values is a limit of the assay.
WITH stored AS NOT MATERIALIZED (
  SELECT cohort_id, sample_id, hugo_symbol AS target, value, NULL AS value_limit
  FROM genomic.expression
  WHERE $block = 'expression'
    AND cohort_id = ANY($cohorts)
    AND molecular_profile_id = $profile
    AND value IS NOT NULL
  UNION ALL
  SELECT cohort_id, sample_id, hugo_symbol AS target, value, NULL AS value_limit
  FROM genomic.copy_number
  WHERE $block = 'copy_number'
    AND cohort_id = ANY($cohorts)
    AND molecular_profile_id = $profile
    AND value IS NOT NULL
  UNION ALL
  SELECT cohort_id, sample_id, probe_id AS target, value, NULL AS value_limit
  FROM genomic.methylation
  WHERE $block = 'methylation'
    AND cohort_id = ANY($cohorts)
    AND molecular_profile_id = $profile
    AND value IS NOT NULL
  UNION ALL
  SELECT cohort_id, sample_id, entity AS target, value, value_limit
  FROM genomic.assay_value
  WHERE $block = 'assay_value'
    AND cohort_id = ANY($cohorts)
    AND molecular_profile_id = $profile
    AND value IS NOT NULL
),
profiled AS (
  SELECT DISTINCT cohort_id, sample_id
  FROM stored
),
candidate AS (
  SELECT
    patient_specimen.cohort_id, patient_specimen.person_id, patient_specimen.sample_id,
    coalesce(patient_specimen.averages, FALSE) AS averages,
    patient_specimen.specimen_rule IS NULL
    OR patient_specimen.averages
    OR patient_specimen.place = min(patient_specimen.place) OVER (
      PARTITION BY patient_specimen.cohort_id, patient_specimen.patient_id
    ) AS stands
  FROM mart.patient_specimen
  JOIN profiled
    ON profiled.cohort_id = patient_specimen.cohort_id
    AND profiled.sample_id = patient_specimen.sample_id
  WHERE CASE
    WHEN $sample_types IS NOT NULL
      THEN list_contains(CAST($sample_types AS VARCHAR[]), patient_specimen.sample_type)
    ELSE patient_specimen.specimen_rule IS NULL OR NOT patient_specimen.normal
  END
),
measured AS (
  SELECT
    candidate.person_id, candidate.sample_id, candidate.averages, stored.target, stored.value,
    stored.value_limit
  FROM stored
  JOIN candidate
    ON candidate.cohort_id = stored.cohort_id
    AND candidate.sample_id = stored.sample_id
  WHERE candidate.stands
    AND ($names IS NULL OR list_contains(CAST($names AS VARCHAR[]), stored.target))
)
SELECT person_id, target, value
FROM measured
WHERE NOT averages
UNION ALL
-- in one order, for the last digit of a sum hangs on it
SELECT person_id, target, sum(value ORDER BY sample_id) / count(*) AS value
FROM measured
WHERE averages
GROUP BY person_id, target
HAVING count(*) = 1
  OR count(value_limit) = 0
ORDER BY target, person_id
