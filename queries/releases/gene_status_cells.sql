-- title: Gene status of persons
-- grain: a person of a cohort x gene
-- reference: mart.gene_status; NP, not profiled, has no value
--
-- It was known on the last day on which a specimen of the person was taken that is no normal tissue.
WITH specimen AS (
  SELECT
    sample.cohort_id,
    patient.person_id,
    min(sample.patient_id) AS patient_id,
    CASE
      WHEN count(*) = count(coalesce(sample.collection_day, timepoint.study_day))
        THEN max(coalesce(sample.collection_day, timepoint.study_day))
    END AS study_day
  FROM genomic.sample
  JOIN study.patient
    ON patient.cohort_id = sample.cohort_id
    AND patient.patient_id = sample.patient_id
  LEFT JOIN study.timepoint
    ON timepoint.cohort_id = sample.cohort_id
    AND timepoint.patient_id = sample.patient_id
    AND timepoint.timepoint_id = sample.timepoint_id
  WHERE coalesce(sample.sample_type, '') NOT ILIKE '%normal%'
  GROUP BY sample.cohort_id, patient.person_id
),
delivered AS (
  SELECT cohort_id, max(batch_id) AS batch_id
  FROM genomic.mutation
  GROUP BY cohort_id
)
SELECT
  gene_status.cohort_id,
  gene_status.person_id,
  specimen.patient_id,
  specimen.study_day,
  gene_status.hugo_symbol,
  gene_status.status,
  delivered.batch_id
FROM mart.gene_status AS gene_status
LEFT JOIN specimen
  ON specimen.cohort_id = gene_status.cohort_id
  AND specimen.person_id = gene_status.person_id
LEFT JOIN delivered ON delivered.cohort_id = gene_status.cohort_id
WHERE list_contains(CAST($cohorts AS VARCHAR[]), gene_status.cohort_id)
  AND list_contains(CAST($genes AS VARCHAR[]), gene_status.hugo_symbol)
ORDER BY gene_status.cohort_id, gene_status.person_id, gene_status.hugo_symbol
