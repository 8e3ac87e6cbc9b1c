-- title: One molecular value a patient by the specimen rule of the cohort
-- grain: a patient of a cohort x block x molecular profile x entity
-- reference: specimen_rule in the cohort file; mart.patient_specimen
-- since: 0.1.0
--
-- Values of genomic.expression, copy_number, methylation and assay_value, the block; entity is the
-- gene, the probe or whatever was measured. The rule chooses among the specimens of the patient
-- that have a value in the molecular profile, normal tissue left out, once for the whole profile. A
-- patient whose specimens it does not settle has no row, so that nobody stands twice:
-- mart.patient_sample says whom that concerns. value is that of the only specimen, of the chosen
-- one, or the mean over the specimens with a value for the entity, of which there are n_values;
-- where one of them is only a limit of the assay there is no mean. Where the chosen specimen has
-- no value for an entity, no other stands in for it.
WITH measured AS NOT MATERIALIZED (
  SELECT
    cohort_id, sample_id, 'expression' AS block, molecular_profile_id, hugo_symbol AS entity,
    value, NULL AS value_limit, unit
  FROM genomic.expression
  WHERE value IS NOT NULL
  UNION ALL
  SELECT
    cohort_id, sample_id, 'copy_number' AS block, molecular_profile_id, hugo_symbol AS entity,
    value, NULL AS value_limit, unit
  FROM genomic.copy_number
  WHERE value IS NOT NULL
  UNION ALL
  SELECT
    cohort_id, sample_id, 'methylation' AS block, molecular_profile_id, probe_id AS entity,
    value, NULL AS value_limit, unit
  FROM genomic.methylation
  WHERE value IS NOT NULL
  UNION ALL
  SELECT
    cohort_id, sample_id, 'assay_value' AS block, molecular_profile_id, entity,
    value, value_limit, unit
  FROM genomic.assay_value
  WHERE value IS NOT NULL
),
profiled AS (
  SELECT DISTINCT cohort_id, sample_id, block, molecular_profile_id
  FROM measured
),
candidate AS (
  SELECT
    profiled.cohort_id, patient_specimen.person_id, patient_specimen.patient_id, profiled.block,
    profiled.molecular_profile_id, profiled.sample_id, patient_specimen.specimen_rule,
    patient_specimen.averages,
    patient_specimen.place = min(patient_specimen.place) OVER (
      PARTITION BY
        profiled.cohort_id, patient_specimen.patient_id, profiled.block,
        profiled.molecular_profile_id
    ) AS first
  FROM profiled
  JOIN mart_versions.patient_specimen_v1 AS patient_specimen
    ON patient_specimen.cohort_id = profiled.cohort_id
    AND patient_specimen.sample_id = profiled.sample_id
  WHERE NOT patient_specimen.normal
),
counted AS (
  SELECT
    cohort_id, person_id, patient_id, block, molecular_profile_id, sample_id, specimen_rule,
    averages, first,
    count(*) OVER (
      PARTITION BY cohort_id, patient_id, block, molecular_profile_id
    ) AS n_specimens,
    count(*) FILTER (first) OVER (
      PARTITION BY cohort_id, patient_id, block, molecular_profile_id
    ) AS n_first
  FROM candidate
),
averaged AS (
  SELECT
    counted.cohort_id, counted.person_id, counted.patient_id, counted.block,
    counted.molecular_profile_id, measured.entity, measured.unit, counted.specimen_rule,
    avg(measured.value) AS value,
    count(*) AS n_values
  FROM counted
  JOIN measured
    ON measured.cohort_id = counted.cohort_id
    AND measured.sample_id = counted.sample_id
    AND measured.block = counted.block
    AND measured.molecular_profile_id = counted.molecular_profile_id
  WHERE counted.averages
    AND counted.n_specimens > 1
  GROUP BY
    counted.cohort_id, counted.person_id, counted.patient_id, counted.block,
    counted.molecular_profile_id, measured.entity, measured.unit, counted.specimen_rule
  HAVING count(measured.value_limit) = 0
)
SELECT
  counted.cohort_id,
  counted.person_id,
  counted.patient_id,
  counted.block,
  counted.molecular_profile_id,
  measured.entity,
  measured.value,
  measured.value_limit,
  measured.unit,
  CASE WHEN counted.n_specimens = 1 THEN 'only' ELSE 'chosen' END AS specimen_status,
  counted.specimen_rule,
  counted.sample_id,
  1 AS n_values
FROM counted
JOIN measured
  ON measured.cohort_id = counted.cohort_id
  AND measured.sample_id = counted.sample_id
  AND measured.block = counted.block
  AND measured.molecular_profile_id = counted.molecular_profile_id
WHERE counted.n_specimens = 1
  OR (counted.first AND counted.n_first = 1 AND NOT counted.averages)
UNION ALL
SELECT
  cohort_id,
  person_id,
  patient_id,
  block,
  molecular_profile_id,
  entity,
  value,
  NULL AS value_limit,
  unit,
  'mean' AS specimen_status,
  specimen_rule,
  NULL AS sample_id,
  n_values
FROM averaged
