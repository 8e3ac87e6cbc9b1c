-- title: Expression of genes in the specimens that stand for patients
-- grain: a gene in a specimen of a patient, under one molecular profile
-- reference: genomic.expression; specimen_rule in the cohort file, by mart.patient_specimen
--
-- Of a patient with several specimens the rule of the cohort picks one, among those with a value in
-- the profile, or all of them, whose mean is taken then (averages). Where there is no rule, or it
-- leaves several, each has its rows.
WITH candidate AS (
  SELECT
    patient_specimen.cohort_id, patient_specimen.patient_id, patient_specimen.sample_id,
    coalesce(patient_specimen.averages, FALSE) AS averages,
    patient_specimen.specimen_rule IS NULL
    OR patient_specimen.averages
    OR patient_specimen.place = min(patient_specimen.place) OVER (
      PARTITION BY patient_specimen.cohort_id, patient_specimen.patient_id
    ) AS stands
  FROM mart.patient_specimen AS patient_specimen
  SEMI JOIN (
    SELECT cohort_id, sample_id
    FROM genomic.expression
    WHERE molecular_profile_id = $profile
      AND value IS NOT NULL
  ) AS measured
    ON measured.cohort_id = patient_specimen.cohort_id
    AND measured.sample_id = patient_specimen.sample_id
  WHERE list_contains(CAST($cohorts AS VARCHAR[]), patient_specimen.cohort_id)
    AND CASE
      WHEN $sample_types IS NOT NULL
        THEN list_contains(CAST($sample_types AS VARCHAR[]), patient_specimen.sample_type)
      ELSE patient_specimen.specimen_rule IS NULL OR NOT patient_specimen.normal
    END
)
SELECT
  candidate.cohort_id,
  candidate.patient_id,
  candidate.sample_id,
  candidate.averages,
  coalesce(sample.collection_day, timepoint.study_day) AS study_day,
  expression.hugo_symbol,
  expression.value,
  expression.unit,
  expression.value_scale,
  expression.batch_id
FROM genomic.expression
JOIN candidate
  ON candidate.cohort_id = expression.cohort_id
  AND candidate.sample_id = expression.sample_id
JOIN genomic.sample
  ON sample.cohort_id = expression.cohort_id
  AND sample.sample_id = expression.sample_id
LEFT JOIN study.timepoint
  ON timepoint.cohort_id = sample.cohort_id
  AND timepoint.patient_id = sample.patient_id
  AND timepoint.timepoint_id = sample.timepoint_id
WHERE candidate.stands
  AND expression.molecular_profile_id = $profile
  AND expression.value IS NOT NULL
  AND (
    $genes IS NULL OR list_contains(CAST($genes AS VARCHAR[]), expression.hugo_symbol)
  )
ORDER BY
  expression.hugo_symbol, candidate.cohort_id, candidate.patient_id, candidate.sample_id
