-- title: The specimen that stands for each patient in an assay
-- grain: a patient of a cohort x assay
-- reference: specimen_rule in the cohort file; mart.patient_specimen
-- since: 0.1.0
--
-- specimen_status says how it came: only, where the patient has one specimen in the assay; chosen,
-- by the cohort's specimen_rule, whose name stands beside it; mean, where the rule averages and no
-- specimen is picked; no_rule, where there are several and the cohort has no rule; tied, where its
-- rule leaves several. sample_id is NULL in the last three: nothing is guessed. n_specimens counts
-- the specimens that were there to choose from. Normal tissue does not stand for the tumour, but
-- for genotypes it counts. Who has no specimen in an assay has no row.
WITH candidate AS (
  SELECT
    patient_specimen.cohort_id, patient_specimen.person_id, patient_specimen.patient_id,
    assay.assay, patient_specimen.sample_id, patient_specimen.specimen_rule,
    patient_specimen.averages, patient_specimen.place,
    min(patient_specimen.place) OVER (
      PARTITION BY patient_specimen.cohort_id, patient_specimen.patient_id, assay.assay
    ) AS first_place
  FROM genomic.assay
  JOIN mart_versions.patient_specimen_v1 AS patient_specimen
    ON patient_specimen.cohort_id = assay.cohort_id
    AND patient_specimen.sample_id = assay.sample_id
  WHERE assay.assay = 'genotype'
    OR NOT patient_specimen.normal
),
settled AS (
  SELECT
    cohort_id, person_id, patient_id, assay,
    any_value(specimen_rule) AS specimen_rule,
    count(*) AS n_specimens,
    CASE
      WHEN count(*) = 1 THEN 'only'
      WHEN any_value(specimen_rule) IS NULL THEN 'no_rule'
      WHEN bool_or(averages) THEN 'mean'
      WHEN count(*) FILTER (place = first_place) > 1 THEN 'tied'
      ELSE 'chosen'
    END AS specimen_status,
    min(sample_id) FILTER (place = first_place) AS first_sample_id
  FROM candidate
  GROUP BY cohort_id, person_id, patient_id, assay
)
SELECT
  cohort_id,
  person_id,
  patient_id,
  assay,
  specimen_status,
  CASE WHEN specimen_status IN ('only', 'chosen') THEN first_sample_id END AS sample_id,
  specimen_rule,
  n_specimens
FROM settled
