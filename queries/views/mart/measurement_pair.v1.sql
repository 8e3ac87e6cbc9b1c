-- title: Measurements of two visits that may be compared
-- grain: a measurement x an earlier visit of its patient
-- reference: none; the rules stand below
-- since: 0.1.0
--
-- What every view of changes stands on. A visit of a patient counts for a sequence and region if
-- the region was measured, or tried, on the sequence, whoever drew it; visits go by visit_order,
-- ties by study_day, then by timepoint_id. Each current measurement meets each earlier of these
-- visits: baseline_measurement_id is that of the same lesion, rater, repeat, sequence and volume,
-- region and extraction_id there, NULL where there is none, and then baseline_reason is
-- not_measured. Nothing else is put in its place. from_first_visit marks the pairs with the first
-- visit, from_previous_visit those with the visit before. scanner_changed compares scanner (or
-- manufacturer and model) and field strength; protocol_changed compares protocol, kernel and
-- contrast agent by their words, and slice thickness, kVp, repetition, echo and inversion time and
-- flip angle, which differ if by more than 5 %. Both are true where something that is known of both
-- images differs, false where all that is known of both agrees, and NULL where nothing is known of
-- both.
WITH measured AS (
  SELECT
    measurement.measurement_id,
    measurement.status,
    measurement.reason,
    measurement.extraction_id,
    segmentation.cohort_id,
    segmentation.patient_id,
    segmentation.timepoint_id,
    segmentation.lesion_id,
    segmentation.rater_id,
    segmentation.repeat_no,
    segmentation.region,
    series.sequence,
    series.modality,
    coalesce(series.volume_index, -1) AS volume_index,
    coalesce(
      series.scanner, nullif(concat_ws(' ', series.manufacturer, series.manufacturer_model), '')
    ) AS scanner,
    series.field_strength_t,
    series.protocol,
    series.convolution_kernel,
    series.contrast_agent,
    series.slice_thickness_mm,
    series.kvp,
    series.repetition_time_ms,
    series.echo_time_ms,
    series.inversion_time_ms,
    series.flip_angle_deg,
    timepoint.study_day,
    timepoint.visit_order
  FROM imaging.measurement
  -- by their ids alone: were the cohort a condition too, series could meet timepoint by it first,
  -- and that is every image with every visit
  JOIN imaging.segmentation ON segmentation.segmentation_id = measurement.segmentation_id
  JOIN imaging.series ON series.series_id = measurement.series_id
  JOIN study.timepoint
    ON timepoint.cohort_id = segmentation.cohort_id
    AND timepoint.patient_id = segmentation.patient_id
    AND timepoint.timepoint_id = segmentation.timepoint_id
  WHERE measurement.current
    -- those above are perturbations, made to judge stability
    AND segmentation.repeat_no <= 1000
),
visit AS (
  SELECT
    cohort_id, patient_id, sequence, region, timepoint_id, study_day,
    row_number() OVER (
      PARTITION BY cohort_id, patient_id, sequence, region
      ORDER BY visit_order, study_day NULLS LAST, timepoint_id
    ) AS visit_no
  FROM (
    SELECT DISTINCT
      cohort_id, patient_id, sequence, region, timepoint_id, study_day, visit_order
    FROM measured
  ) AS tried
)
SELECT
  measured.cohort_id,
  measured.patient_id,
  measured.lesion_id,
  measured.rater_id,
  measured.repeat_no,
  measured.sequence,
  measured.modality,
  nullif(measured.volume_index, -1) AS volume_index,
  measured.region,
  measured.extraction_id,
  baseline_visit.timepoint_id AS baseline_timepoint_id,
  measured.timepoint_id,
  baseline_visit.study_day AS baseline_day,
  measured.study_day,
  measured.study_day - baseline_visit.study_day AS interval_days,
  baseline_visit.visit_no AS baseline_visit_no,
  own_visit.visit_no,
  baseline_visit.visit_no = 1 AS from_first_visit,
  baseline_visit.visit_no = own_visit.visit_no - 1 AS from_previous_visit,
  measured.status,
  CASE WHEN measured.status <> 'ok' THEN coalesce(measured.reason, measured.status) END AS reason,
  baseline.status AS baseline_status,
  CASE
    WHEN baseline.measurement_id IS NULL THEN 'not_measured'
    WHEN baseline.status <> 'ok' THEN coalesce(baseline.reason, baseline.status)
  END AS baseline_reason,
  CASE
    WHEN measured.scanner <> baseline.scanner
      OR abs(measured.field_strength_t - baseline.field_strength_t)
        > 0.05 * baseline.field_strength_t THEN TRUE
    WHEN measured.scanner = baseline.scanner
      OR measured.field_strength_t + baseline.field_strength_t IS NOT NULL THEN FALSE
  END AS scanner_changed,
  CASE
    WHEN measured.protocol <> baseline.protocol
      OR measured.convolution_kernel <> baseline.convolution_kernel
      OR measured.contrast_agent <> baseline.contrast_agent
      OR abs(measured.slice_thickness_mm - baseline.slice_thickness_mm)
        > 0.05 * baseline.slice_thickness_mm
      OR abs(measured.kvp - baseline.kvp) > 0.05 * baseline.kvp
      OR abs(measured.repetition_time_ms - baseline.repetition_time_ms)
        > 0.05 * baseline.repetition_time_ms
      OR abs(measured.echo_time_ms - baseline.echo_time_ms) > 0.05 * baseline.echo_time_ms
      OR abs(measured.inversion_time_ms - baseline.inversion_time_ms)
        > 0.05 * baseline.inversion_time_ms
      OR abs(measured.flip_angle_deg - baseline.flip_angle_deg)
        > 0.05 * abs(baseline.flip_angle_deg) THEN TRUE
    WHEN coalesce(
      measured.protocol = baseline.protocol,
      measured.convolution_kernel = baseline.convolution_kernel,
      measured.contrast_agent = baseline.contrast_agent,
      measured.slice_thickness_mm + baseline.slice_thickness_mm IS NOT NULL OR NULL,
      measured.kvp + baseline.kvp IS NOT NULL OR NULL,
      measured.repetition_time_ms + baseline.repetition_time_ms IS NOT NULL OR NULL,
      measured.echo_time_ms + baseline.echo_time_ms IS NOT NULL OR NULL,
      measured.inversion_time_ms + baseline.inversion_time_ms IS NOT NULL OR NULL,
      measured.flip_angle_deg + baseline.flip_angle_deg IS NOT NULL OR NULL
    ) THEN FALSE
  END AS protocol_changed,
  baseline.measurement_id AS baseline_measurement_id,
  measured.measurement_id
FROM measured
JOIN visit AS own_visit
  ON own_visit.cohort_id = measured.cohort_id
  AND own_visit.patient_id = measured.patient_id
  AND own_visit.sequence = measured.sequence
  AND own_visit.region = measured.region
  AND own_visit.timepoint_id = measured.timepoint_id
JOIN visit AS baseline_visit
  ON baseline_visit.cohort_id = measured.cohort_id
  AND baseline_visit.patient_id = measured.patient_id
  AND baseline_visit.sequence = measured.sequence
  AND baseline_visit.region = measured.region
  AND baseline_visit.visit_no < own_visit.visit_no
LEFT JOIN measured AS baseline
  ON baseline.cohort_id = measured.cohort_id
  AND baseline.patient_id = measured.patient_id
  AND baseline.timepoint_id = baseline_visit.timepoint_id
  AND baseline.sequence = measured.sequence
  AND baseline.region = measured.region
  AND baseline.lesion_id = measured.lesion_id
  AND baseline.rater_id = measured.rater_id
  AND baseline.repeat_no = measured.repeat_no
  AND baseline.volume_index = measured.volume_index
  AND baseline.extraction_id = measured.extraction_id
