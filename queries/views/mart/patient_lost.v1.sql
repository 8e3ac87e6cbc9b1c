-- title: At which step of the flow each patient is lost
-- grain: a patient of a cohort
-- reference: flow in the cohort file, stored as study.flow_step
-- since: 0.1.0
--
-- step_no, step and reason are those of the first step that the patient does not meet, all NULL for
-- one who meets them all; later steps are not looked at, as in a STROBE or CONSORT diagram. Met is
-- a step by any row that has what it asks for: visit, a row at that visit, be it an image or a
-- clinical row; features, a current measurement with status ok; variable, a cell with a value;
-- outcome, event, treatment, response, biomarker, sample and assay, a row of theirs; dose, a grid
-- or a metric with status ok.
WITH fact AS (
  SELECT
    cohort_id, patient_id, 'visit' AS has, NULL AS name, NULL AS word, timepoint_id,
    NULL AS sequence, NULL AS region, NULL AS profile
  FROM study.timepoint
  UNION ALL
  SELECT
    cohort_id, patient_id, 'visit' AS has, NULL AS name, NULL AS word, timepoint_id,
    NULL AS sequence, NULL AS region, NULL AS profile
  FROM clinical.variable
  WHERE timepoint_id IS NOT NULL
  UNION ALL
  SELECT
    segmentation.cohort_id, segmentation.patient_id, 'features' AS has, NULL AS name, NULL AS word,
    segmentation.timepoint_id, series.sequence, segmentation.region, extraction.profile
  FROM imaging.measurement
  JOIN imaging.segmentation ON segmentation.segmentation_id = measurement.segmentation_id
  JOIN imaging.series ON series.series_id = measurement.series_id
  JOIN imaging.extraction ON extraction.extraction_id = measurement.extraction_id
  WHERE measurement.current
    AND measurement.status = 'ok'
    -- those above are perturbations, made to judge stability
    AND segmentation.repeat_no <= 1000
  UNION ALL
  SELECT
    dose_feature.cohort_id, segmentation.patient_id, 'dose' AS has, dose_feature.feature AS name,
    NULL AS word, segmentation.timepoint_id, NULL AS sequence, NULL AS region, NULL AS profile
  FROM imaging.dose_feature
  JOIN imaging.segmentation ON segmentation.segmentation_id = dose_feature.segmentation_id
  WHERE dose_feature.value_status = 'ok'
  UNION ALL
  SELECT
    cohort_id, patient_id, 'dose' AS has, NULL AS name, NULL AS word, timepoint_id,
    NULL AS sequence, NULL AS region, NULL AS profile
  FROM imaging.dose
  WHERE series_id IS NOT NULL
  UNION ALL
  SELECT
    cohort_id, patient_id, 'variable' AS has, variable AS name,
    coalesce(value_text, trim(as_given)) AS word, timepoint_id,
    NULL AS sequence, NULL AS region, NULL AS profile
  FROM clinical.variable
  WHERE value_status = 'ok'
  UNION ALL
  SELECT
    cohort_id, patient_id, 'outcome' AS has, endpoint AS name, CAST(event AS VARCHAR) AS word,
    NULL AS timepoint_id, NULL AS sequence, NULL AS region, NULL AS profile
  FROM clinical.outcome
  UNION ALL
  SELECT
    cohort_id, patient_id, 'event' AS has, event_type AS name, NULL AS word,
    NULL AS timepoint_id, NULL AS sequence, NULL AS region, NULL AS profile
  FROM clinical.event
  UNION ALL
  SELECT
    cohort_id, patient_id, 'treatment' AS has, treatment AS name, NULL AS word,
    NULL AS timepoint_id, NULL AS sequence, NULL AS region, NULL AS profile
  FROM clinical.treatment
  UNION ALL
  SELECT
    cohort_id, patient_id, 'response' AS has, criteria AS name, response AS word, timepoint_id,
    NULL AS sequence, NULL AS region, NULL AS profile
  FROM clinical.response
  UNION ALL
  SELECT
    cohort_id, patient_id, 'biomarker' AS has, marker AS name, result AS word,
    NULL AS timepoint_id, NULL AS sequence, NULL AS region, NULL AS profile
  FROM genomic.biomarker
  UNION ALL
  SELECT
    cohort_id, patient_id, 'sample' AS has, sample_type AS name, NULL AS word, timepoint_id,
    NULL AS sequence, NULL AS region, NULL AS profile
  FROM genomic.sample
  UNION ALL
  SELECT
    assay.cohort_id, sample.patient_id, 'assay' AS has, assay.assay AS name, NULL AS word,
    NULL AS timepoint_id, NULL AS sequence, NULL AS region, NULL AS profile
  FROM genomic.assay
  JOIN genomic.sample
    ON sample.cohort_id = assay.cohort_id
    AND sample.sample_id = assay.sample_id
),
met AS (
  SELECT DISTINCT fact.cohort_id, fact.patient_id, step.step_no
  FROM fact
  JOIN study.flow_step AS step
    ON step.cohort_id = fact.cohort_id
    AND step.has = fact.has
  WHERE coalesce(step.name = fact.name, step.name IS NULL)
    AND coalesce(list_contains(step.among, fact.word), step.among IS NULL)
    AND coalesce(step.timepoint_id = fact.timepoint_id, step.timepoint_id IS NULL)
    AND coalesce(step.sequence = fact.sequence, step.sequence IS NULL)
    AND coalesce(step.region = fact.region, step.region IS NULL)
    AND coalesce(step.profile = fact.profile, step.profile IS NULL)
),
missed AS (
  SELECT patient.cohort_id, patient.patient_id, min(step.step_no) AS step_no
  FROM study.patient
  JOIN study.flow_step AS step ON step.cohort_id = patient.cohort_id
  ANTI JOIN met
    ON met.cohort_id = patient.cohort_id
    AND met.patient_id = patient.patient_id
    AND met.step_no = step.step_no
  GROUP BY patient.cohort_id, patient.patient_id
)
SELECT
  patient.cohort_id,
  patient.person_id,
  patient.patient_id,
  missed.step_no,
  step.step,
  step.reason
FROM study.patient
LEFT JOIN missed
  ON missed.cohort_id = patient.cohort_id
  AND missed.patient_id = patient.patient_id
LEFT JOIN study.flow_step AS step
  ON step.cohort_id = missed.cohort_id
  AND step.step_no = missed.step_no
