-- title: What every patient has and lacks of what was expected
-- grain: a patient of a cohort x block x timepoint x sequence x region x rater
-- reference: expect in the cohort file, stored as study.expectation
-- since: 0.1.0
--
-- Block imaging has a row for each expected visit, sequence and region of every patient, for each
-- rater who measured it or should have, and for every other one that was measured
-- (expected = false). The other blocks are kinds of tables and have neither visit nor rater.
-- Status is the best among current measurements of all lesions and profiles of the rater:
-- present, label_absent, roi_too_small, refused, failed, in this order; missing where nothing was
-- measured, or where the patient is in no table of the kind. reason is the reason code of a
-- measurement with that status. n_raters counts the raters of the visit, sequence and region with
-- a current measurement, whatever its status; n_measurements those of this rater. A NULL
-- timepoint, sequence, region or rater of an imaging expectation stands for any, so that a row
-- that is missing with rater_id NULL lacks every rater. Counting starts from the measurements, for
-- only they know what failed. Patients in mutation are those with a variant or with a sample
-- profiled for variants; in dose those with a dose grid or a metric of one that has a value.
WITH measured AS (
  SELECT
    segmentation.cohort_id,
    segmentation.patient_id,
    segmentation.timepoint_id,
    series.sequence,
    segmentation.region,
    segmentation.rater_id,
    CASE measurement.status WHEN 'ok' THEN 'present' ELSE measurement.status END AS status,
    measurement.reason,
    CASE measurement.status
      WHEN 'ok' THEN 1
      WHEN 'label_absent' THEN 2
      WHEN 'roi_too_small' THEN 3
      WHEN 'refused' THEN 4
      ELSE 5
    END AS place
  FROM imaging.measurement
  JOIN imaging.segmentation ON segmentation.segmentation_id = measurement.segmentation_id
  JOIN imaging.series ON series.series_id = measurement.series_id
  WHERE measurement.current
    -- those above are perturbations, made to judge stability
    AND segmentation.repeat_no <= 1000
),
rated AS (
  SELECT
    cohort_id, patient_id, timepoint_id, sequence, region, rater_id,
    arg_min(status, place) AS status,
    -- min over a row, for arg_min passes over a reason that is NULL
    min({'place': place, 'reason': reason}).reason AS reason,
    count(*) AS n_measurements
  FROM measured
  GROUP BY cohort_id, patient_id, timepoint_id, sequence, region, rater_id
),
found AS (
  SELECT
    cohort_id, patient_id, timepoint_id, sequence, region, rater_id, status, reason,
    n_measurements,
    count(*) OVER (
      PARTITION BY cohort_id, patient_id, timepoint_id, sequence, region
    ) AS n_raters
  FROM rated
),
specimen_block AS (
  SELECT cohort_id, sample_id, 'expression' AS block
  FROM genomic.expression
  WHERE value IS NOT NULL
  UNION
  SELECT cohort_id, sample_id, 'copy_number' AS block
  FROM genomic.copy_number
  WHERE value IS NOT NULL
  UNION
  SELECT cohort_id, sample_id, 'methylation' AS block
  FROM genomic.methylation
  WHERE value IS NOT NULL
  UNION
  SELECT cohort_id, sample_id, 'assay_value' AS block
  FROM genomic.assay_value
  WHERE value IS NOT NULL
  UNION
  SELECT cohort_id, sample_id, 'segment' AS block FROM genomic.segment
  UNION
  SELECT cohort_id, sample_id, 'genotype' AS block FROM genomic.genotype
  UNION
  SELECT cohort_id, sample_id, 'mutation' AS block FROM genomic.mutation
  UNION
  SELECT cohort_id, sample_id, 'structural_variant' AS block FROM genomic.structural_variant
  UNION
  SELECT cohort_id, sample_id, 'mutation' AS block
  FROM genomic.assay
  WHERE (all_genes OR panel IS NOT NULL)
    AND coalesce(alteration, assay) = 'mutation'
  UNION
  SELECT cohort_id, sample_id, 'structural_variant' AS block
  FROM genomic.assay
  WHERE (all_genes OR panel IS NOT NULL)
    AND coalesce(alteration, assay) = 'structural_variant'
),
tabled AS (
  SELECT sample.cohort_id, sample.patient_id, specimen_block.block
  FROM specimen_block
  JOIN genomic.sample
    ON sample.cohort_id = specimen_block.cohort_id
    AND sample.sample_id = specimen_block.sample_id
  UNION
  SELECT cohort_id, patient_id, 'sample' AS block FROM genomic.sample
  UNION
  SELECT cohort_id, patient_id, 'biomarker' AS block FROM genomic.biomarker
  UNION
  SELECT cohort_id, patient_id, 'clinical' AS block
  FROM clinical.variable
  WHERE value_status = 'ok'
  UNION
  SELECT cohort_id, patient_id, 'outcome' AS block FROM clinical.outcome
  UNION
  SELECT cohort_id, patient_id, 'event' AS block FROM clinical.event
  UNION
  SELECT cohort_id, patient_id, 'response' AS block FROM clinical.response
  UNION
  SELECT cohort_id, patient_id, 'treatment' AS block FROM clinical.treatment
  UNION
  SELECT cohort_id, patient_id, 'timepoint' AS block FROM study.timepoint
  UNION
  SELECT cohort_id, patient_id, 'features' AS block
  FROM imaging.series
  WHERE source = 'table'
  UNION
  SELECT cohort_id, patient_id, 'dose' AS block
  FROM imaging.dose
  WHERE series_id IS NOT NULL
  UNION
  SELECT dose.cohort_id, dose.patient_id, 'dose' AS block
  FROM imaging.dose
  JOIN imaging.dose_feature
    ON dose_feature.cohort_id = dose.cohort_id
    AND dose_feature.dose_id = dose.dose_id
  WHERE dose_feature.value_status = 'ok'
),
expected AS (
  SELECT
    patient.cohort_id,
    patient.patient_id,
    expectation.block,
    expectation.timepoint_id,
    expectation.sequence,
    expectation.region,
    expectation.rater_id
  FROM study.expectation
  JOIN study.patient ON patient.cohort_id = expectation.cohort_id
),
cell AS (
  SELECT
    found.cohort_id,
    found.patient_id,
    'imaging' AS block,
    found.timepoint_id,
    found.sequence,
    found.region,
    found.rater_id,
    found.status,
    found.n_raters,
    found.n_measurements,
    found.reason,
    EXISTS (
      SELECT 1
      FROM study.expectation
      WHERE expectation.cohort_id = found.cohort_id
        AND expectation.block = 'imaging'
        AND coalesce(expectation.timepoint_id, found.timepoint_id) = found.timepoint_id
        AND coalesce(expectation.sequence, found.sequence) = found.sequence
        AND coalesce(expectation.region, found.region) = found.region
        AND coalesce(expectation.rater_id, found.rater_id) = found.rater_id
    ) AS expected
  FROM found
  UNION ALL
  SELECT
    tabled.cohort_id,
    tabled.patient_id,
    tabled.block,
    NULL AS timepoint_id,
    NULL AS sequence,
    NULL AS region,
    NULL AS rater_id,
    'present' AS status,
    NULL AS n_raters,
    NULL AS n_measurements,
    NULL AS reason,
    EXISTS (
      SELECT 1
      FROM study.expectation
      WHERE expectation.cohort_id = tabled.cohort_id
        AND expectation.block = tabled.block
    ) AS expected
  FROM tabled
  UNION ALL
  SELECT
    expected.cohort_id,
    expected.patient_id,
    expected.block,
    expected.timepoint_id,
    expected.sequence,
    expected.region,
    expected.rater_id,
    'missing' AS status,
    CASE expected.block
      WHEN 'imaging' THEN (
        SELECT count(DISTINCT found.rater_id)
        FROM found
        WHERE found.cohort_id = expected.cohort_id
          AND found.patient_id = expected.patient_id
          AND found.timepoint_id = expected.timepoint_id
          AND found.sequence = expected.sequence
          AND found.region = expected.region
      )
    END AS n_raters,
    CASE expected.block WHEN 'imaging' THEN 0 END AS n_measurements,
    NULL AS reason,
    TRUE AS expected
  FROM expected
  WHERE NOT EXISTS (
      SELECT 1
      FROM found
      WHERE expected.block = 'imaging'
        AND found.cohort_id = expected.cohort_id
        AND found.patient_id = expected.patient_id
        AND found.timepoint_id = coalesce(expected.timepoint_id, found.timepoint_id)
        AND found.sequence = coalesce(expected.sequence, found.sequence)
        AND found.region = coalesce(expected.region, found.region)
        AND found.rater_id = coalesce(expected.rater_id, found.rater_id)
    )
    AND NOT EXISTS (
      SELECT 1
      FROM tabled
      WHERE tabled.cohort_id = expected.cohort_id
        AND tabled.patient_id = expected.patient_id
        AND tabled.block = expected.block
    )
)
SELECT
  cell.cohort_id,
  patient.person_id,
  cell.patient_id,
  cell.block,
  cell.timepoint_id,
  cell.sequence,
  cell.region,
  cell.rater_id,
  cell.status,
  cell.n_raters,
  cell.n_measurements,
  cell.reason,
  cell.expected
FROM cell
JOIN study.patient
  ON patient.cohort_id = cell.cohort_id
  AND patient.patient_id = cell.patient_id
