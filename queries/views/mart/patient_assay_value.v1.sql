-- title: One molecular value a patient by the specimen rule of the cohort
-- grain: a patient of a cohort x assay x molecular profile x entity
-- reference: specimen_rule in the cohort file; mart.patient_sample
-- since: 0.1.0
--
-- Values of expression, copy number, methylation and any other assay; entity is the gene, the
-- probe or whatever was measured. A patient whose specimens the rule does not settle has no row
-- (specimen_status no_rule or tied in mart.patient_sample), so that nobody stands twice. value is
-- that of the specimen that was chosen, or the mean over the specimens with a value, of which there
-- are n_values; they are averaged only in one unit. A specimen without a value for the entity has
-- no row, and no other specimen stands in for it.
WITH measured AS (
  SELECT
    cohort_id, sample_id, 'expression' AS assay, molecular_profile_id, hugo_symbol AS entity,
    value, unit
  FROM genomic.expression
  WHERE value IS NOT NULL
  UNION ALL
  SELECT
    cohort_id, sample_id, 'copy_number' AS assay, molecular_profile_id, hugo_symbol AS entity,
    value, unit
  FROM genomic.copy_number
  WHERE value IS NOT NULL
  UNION ALL
  SELECT
    cohort_id, sample_id, 'methylation' AS assay, molecular_profile_id, probe_id AS entity,
    value, unit
  FROM genomic.methylation
  WHERE value IS NOT NULL
  UNION ALL
  SELECT
    cohort_id, sample_id, 'assay_value' AS assay, molecular_profile_id, entity,
    value, unit
  FROM genomic.assay_value
  WHERE value IS NOT NULL
),
averaged AS (
  SELECT
    patient_specimen.cohort_id, patient_specimen.person_id, patient_specimen.patient_id,
    measured.assay, measured.molecular_profile_id, measured.entity, measured.unit,
    patient_specimen.specimen_rule,
    avg(measured.value) AS value,
    count(*) AS n_values
  FROM mart_versions.patient_specimen_v1 AS patient_specimen
  JOIN measured
    ON measured.cohort_id = patient_specimen.cohort_id
    AND measured.assay = patient_specimen.assay
    AND measured.sample_id = patient_specimen.sample_id
  WHERE patient_specimen.averages
    AND patient_specimen.n_specimens > 1
  GROUP BY
    patient_specimen.cohort_id, patient_specimen.person_id, patient_specimen.patient_id,
    measured.assay, measured.molecular_profile_id, measured.entity, measured.unit,
    patient_specimen.specimen_rule
)
SELECT
  patient_sample.cohort_id,
  patient_sample.person_id,
  patient_sample.patient_id,
  measured.assay,
  measured.molecular_profile_id,
  measured.entity,
  measured.value,
  measured.unit,
  patient_sample.specimen_status,
  patient_sample.specimen_rule,
  patient_sample.sample_id,
  1 AS n_values
FROM mart_versions.patient_sample_v1 AS patient_sample
JOIN measured
  ON measured.cohort_id = patient_sample.cohort_id
  AND measured.assay = patient_sample.assay
  AND measured.sample_id = patient_sample.sample_id
WHERE patient_sample.specimen_status IN ('only', 'chosen')
UNION ALL
SELECT
  cohort_id,
  person_id,
  patient_id,
  assay,
  molecular_profile_id,
  entity,
  value,
  unit,
  'mean' AS specimen_status,
  specimen_rule,
  NULL AS sample_id,
  n_values
FROM averaged
