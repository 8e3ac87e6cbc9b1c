-- title: Change of every feature since the baseline visit
-- grain: a feature of a measurement at a follow-up visit
-- reference: none; the formulas stand below
-- since: 0.1.0
--
-- With v0 at baseline and v at follow-up: delta_absolute = v - v0, delta_relative = (v - v0) /
-- |v0|, delta_log_ratio = ln(v / v0), delta_per_day = (v - v0) / interval_days. Baseline is the
-- patient's visit with the smallest visit_order (ties by study_day) at which that region was
-- measured, or tried, on that sequence, whoever drew it; its own rows are not listed. Only current
-- measurements of the same lesion, rater, repeat, sequence and volume, region and extraction_id
-- are compared; the baseline never moves on to a later visit for one of them. A follow-up that
-- failed or whose region is absent has a row for each feature of the baseline. No row: a visit at
-- which it was not tried (see mart.coverage), two visits that both failed, a feature that one of
-- two successful measurements lacks. delta_status names the first guard that held something back:
-- baseline_missing (no matching measurement, or no value), follow_up_missing (no value), z_scored
-- (no relative, no log ratio), not_finite (the difference exceeds a double; nothing),
-- baseline_zero (v0 = 0; no relative, no log ratio), baseline_tiny (|v0| below a billionth of |v|;
-- the same), sign_change (v and v0 of opposite sign; no log ratio), non_positive (one is negative
-- or zero; no log ratio), else ok. delta_reason is the reason code of what is missing, or
-- not_measured. delta_per_day is NULL where interval_days is NULL or not positive, whatever the
-- status.
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
    timepoint.study_day,
    timepoint.visit_order
  FROM imaging.measurement
  JOIN imaging.segmentation
    ON segmentation.cohort_id = measurement.cohort_id
    AND segmentation.segmentation_id = measurement.segmentation_id
  JOIN imaging.series
    ON series.cohort_id = measurement.cohort_id
    AND series.series_id = measurement.series_id
  JOIN study.timepoint
    ON timepoint.cohort_id = segmentation.cohort_id
    AND timepoint.patient_id = segmentation.patient_id
    AND timepoint.timepoint_id = segmentation.timepoint_id
  WHERE measurement.current
),
baseline_visit AS (
  SELECT
    cohort_id, patient_id, sequence, region,
    arg_min(timepoint_id, {
      'visit_order': visit_order,
      'study_day': coalesce(study_day, 2147483647),
      'timepoint_id': timepoint_id
    }) AS timepoint_id
  FROM measured
  GROUP BY cohort_id, patient_id, sequence, region
),
baseline AS (
  SELECT
    measured.cohort_id, measured.patient_id, measured.sequence, measured.region,
    measured.lesion_id, measured.rater_id, measured.repeat_no, measured.volume_index,
    measured.extraction_id, measured.measurement_id, measured.status, measured.reason
  FROM measured
  JOIN baseline_visit USING (cohort_id, patient_id, sequence, region, timepoint_id)
),
pair AS (
  SELECT
    measured.cohort_id, measured.patient_id, measured.lesion_id, measured.rater_id,
    measured.repeat_no, measured.sequence, measured.modality, measured.region,
    measured.extraction_id,
    baseline_visit.timepoint_id AS baseline_timepoint_id,
    measured.timepoint_id,
    baseline_timepoint.study_day AS baseline_day,
    measured.study_day,
    measured.measurement_id,
    measured.status,
    measured.reason,
    baseline.measurement_id AS baseline_measurement_id,
    baseline.status AS baseline_status,
    CASE
      WHEN baseline.measurement_id IS NULL THEN 'not_measured'
      WHEN baseline.status <> 'ok' THEN coalesce(baseline.reason, baseline.status)
    END AS baseline_reason
  FROM measured
  JOIN baseline_visit
    ON baseline_visit.cohort_id = measured.cohort_id
    AND baseline_visit.patient_id = measured.patient_id
    AND baseline_visit.sequence = measured.sequence
    AND baseline_visit.region = measured.region
    AND baseline_visit.timepoint_id <> measured.timepoint_id
  JOIN study.timepoint AS baseline_timepoint
    ON baseline_timepoint.cohort_id = baseline_visit.cohort_id
    AND baseline_timepoint.patient_id = baseline_visit.patient_id
    AND baseline_timepoint.timepoint_id = baseline_visit.timepoint_id
  LEFT JOIN baseline
    ON baseline.cohort_id = measured.cohort_id
    AND baseline.patient_id = measured.patient_id
    AND baseline.sequence = measured.sequence
    AND baseline.region = measured.region
    AND baseline.lesion_id = measured.lesion_id
    AND baseline.rater_id = measured.rater_id
    AND baseline.repeat_no = measured.repeat_no
    AND baseline.volume_index = measured.volume_index
    AND baseline.extraction_id = measured.extraction_id
),
compared AS (
  -- inner joins: only through them does the choice of a feature reach both scans of the facts
  SELECT
    pair.cohort_id, pair.patient_id, pair.lesion_id, pair.rater_id, pair.repeat_no,
    pair.sequence, pair.modality, pair.region, pair.extraction_id,
    pair.baseline_timepoint_id, pair.timepoint_id, pair.baseline_day, pair.study_day,
    pair.measurement_id, pair.baseline_measurement_id,
    feature.feature,
    CASE earlier.value_status WHEN 'ok' THEN earlier.value END AS baseline_value,
    CASE later.value_status WHEN 'ok' THEN later.value END AS value,
    coalesce(earlier.value_reason, earlier.value_status) AS baseline_reason,
    coalesce(later.value_reason, later.value_status) AS follow_up_reason
  FROM pair
  JOIN imaging.feature_value AS later
    ON later.cohort_id = pair.cohort_id
    AND later.measurement_id = pair.measurement_id
  JOIN imaging.feature_value AS earlier
    ON earlier.cohort_id = pair.cohort_id
    AND earlier.measurement_id = pair.baseline_measurement_id
    AND earlier.feature_id = later.feature_id
  JOIN vocab.feature ON feature.feature_id = later.feature_id
  UNION ALL
  -- a follow-up whose baseline has no values
  SELECT
    pair.cohort_id, pair.patient_id, pair.lesion_id, pair.rater_id, pair.repeat_no,
    pair.sequence, pair.modality, pair.region, pair.extraction_id,
    pair.baseline_timepoint_id, pair.timepoint_id, pair.baseline_day, pair.study_day,
    pair.measurement_id, pair.baseline_measurement_id,
    feature.feature,
    NULL AS baseline_value,
    CASE later.value_status WHEN 'ok' THEN later.value END AS value,
    pair.baseline_reason,
    coalesce(later.value_reason, later.value_status) AS follow_up_reason
  FROM pair
  JOIN imaging.feature_value AS later
    ON later.cohort_id = pair.cohort_id
    AND later.measurement_id = pair.measurement_id
  JOIN vocab.feature ON feature.feature_id = later.feature_id
  WHERE pair.baseline_reason IS NOT NULL
  UNION ALL
  -- a follow-up without values keeps the features of its baseline
  SELECT
    pair.cohort_id, pair.patient_id, pair.lesion_id, pair.rater_id, pair.repeat_no,
    pair.sequence, pair.modality, pair.region, pair.extraction_id,
    pair.baseline_timepoint_id, pair.timepoint_id, pair.baseline_day, pair.study_day,
    pair.measurement_id, pair.baseline_measurement_id,
    feature.feature,
    CASE earlier.value_status WHEN 'ok' THEN earlier.value END AS baseline_value,
    NULL AS value,
    coalesce(earlier.value_reason, earlier.value_status) AS baseline_reason,
    coalesce(pair.reason, pair.status) AS follow_up_reason
  FROM pair
  JOIN imaging.feature_value AS earlier
    ON earlier.cohort_id = pair.cohort_id
    AND earlier.measurement_id = pair.baseline_measurement_id
  JOIN vocab.feature ON feature.feature_id = earlier.feature_id
  WHERE pair.status <> 'ok'
),
guarded AS (
  SELECT
    compared.cohort_id, compared.patient_id, compared.lesion_id, compared.rater_id,
    compared.repeat_no, compared.sequence, compared.modality, compared.region,
    extraction.profile, extraction.engine, extraction.value_scale, compared.feature,
    compared.baseline_timepoint_id, compared.timepoint_id,
    compared.baseline_day, compared.study_day,
    compared.study_day - compared.baseline_day AS interval_days,
    compared.baseline_value, compared.value,
    compared.baseline_reason, compared.follow_up_reason,
    compared.measurement_id, compared.baseline_measurement_id, compared.extraction_id,
    CASE
      WHEN compared.baseline_value IS NULL THEN 'baseline_missing'
      WHEN compared.value IS NULL THEN 'follow_up_missing'
      WHEN NOT isfinite(compared.value - compared.baseline_value) THEN 'not_finite'
      WHEN extraction.value_scale <> 'raw' THEN 'z_scored'
      WHEN compared.baseline_value = 0 THEN 'baseline_zero'
      WHEN abs(compared.baseline_value) < 1e-9 * abs(compared.value) THEN 'baseline_tiny'
      WHEN sign(compared.value) * sign(compared.baseline_value) < 0 THEN 'sign_change'
      WHEN compared.value <= 0 OR compared.baseline_value <= 0 THEN 'non_positive'
      ELSE 'ok'
    END AS delta_status
  FROM compared
  JOIN imaging.extraction ON extraction.extraction_id = compared.extraction_id
)
SELECT
  guarded.cohort_id,
  patient.person_id,
  guarded.patient_id,
  guarded.lesion_id,
  guarded.rater_id,
  guarded.repeat_no,
  guarded.sequence,
  guarded.modality,
  guarded.region,
  guarded.profile,
  guarded.engine,
  guarded.value_scale,
  guarded.feature,
  guarded.baseline_timepoint_id,
  guarded.timepoint_id,
  guarded.baseline_day,
  guarded.study_day,
  guarded.interval_days,
  guarded.baseline_value,
  guarded.value,
  CASE
    WHEN guarded.delta_status <> 'not_finite' THEN guarded.value - guarded.baseline_value
  END AS delta_absolute,
  CASE
    WHEN guarded.delta_status IN ('sign_change', 'non_positive', 'ok')
      THEN (guarded.value - guarded.baseline_value) / abs(guarded.baseline_value)
  END AS delta_relative,
  -- a quotient that underflows to zero has no logarithm
  ln(nullif(
    CASE guarded.delta_status WHEN 'ok' THEN guarded.value / guarded.baseline_value END, 0
  )) AS delta_log_ratio,
  CASE
    WHEN guarded.delta_status <> 'not_finite' AND guarded.interval_days > 0
      THEN (guarded.value - guarded.baseline_value) / guarded.interval_days
  END AS delta_per_day,
  guarded.delta_status,
  CASE guarded.delta_status
    WHEN 'baseline_missing' THEN guarded.baseline_reason
    WHEN 'follow_up_missing' THEN guarded.follow_up_reason
  END AS delta_reason,
  guarded.baseline_measurement_id,
  guarded.measurement_id,
  guarded.extraction_id
FROM guarded
JOIN study.patient
  ON patient.cohort_id = guarded.cohort_id
  AND patient.patient_id = guarded.patient_id
