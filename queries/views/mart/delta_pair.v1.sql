-- title: Change of every feature between any two visits
-- grain: a feature of a measurement x an earlier visit of its patient
-- reference: the formulas stand below; Bland and Altman 1999 for within_noise, see mart.repeatability
-- since: 0.1.0
--
-- baseline is here the earlier visit of the pair, whichever it is: take one by
-- baseline_timepoint_id, or take mart.delta_radiomics (from the first visit) or mart.delta_previous
-- (from the visit before), which have the same columns. With v0 there and v at the later visit:
-- delta_absolute = v - v0, delta_relative = (v - v0) / |v0|, delta_symmetric = 2 (v - v0) / (|v| +
-- |v0|), which is 2 or -2 where one is zero or the signs differ, delta_log_ratio = ln(v / v0),
-- delta_per_day = (v - v0) / interval_days. Who is compared with whom, and scanner_changed and
-- protocol_changed, is in mart.measurement_pair: the same lesion, rater, repeat, sequence and
-- volume, region and extraction_id. A visit that failed or whose region is absent has a row for
-- each feature of the other. No row: a visit at which it was not tried (see mart.coverage), two
-- visits that both failed, a feature that one of two successful measurements lacks. delta_status
-- names the first guard that held something back: baseline_missing (no matching measurement, or no
-- value), follow_up_missing (no value), not_finite (the difference exceeds a double; nothing),
-- z_scored (no relative, symmetric, log ratio), baseline_zero (v0 = 0; no relative, no log ratio;
-- no symmetric where v = 0 too), baseline_tiny (|v0| below a billionth of |v|; no relative, no log
-- ratio), sign_change (v and v0 of opposite sign; no log ratio), non_positive (one is negative or
-- zero; no log ratio), else ok. delta_reason is the reason code of what is missing, or
-- not_measured. delta_per_day is NULL where interval_days is NULL or not positive, whatever the
-- status. within_noise says whether |delta_absolute| is at most the repeatability coefficient of
-- mart.repeatability; it is NULL where no test-retest run speaks of the feature, or z-scored.
WITH pair AS (
  SELECT
    cohort_id, patient_id, lesion_id, rater_id, repeat_no, sequence, modality, volume_index,
    region, extraction_id, baseline_timepoint_id, timepoint_id, baseline_day, study_day,
    interval_days, from_first_visit, from_previous_visit, scanner_changed, protocol_changed,
    reason, baseline_reason, measurement_id, baseline_measurement_id
  FROM mart_versions.measurement_pair_v1
),
compared AS (
  -- inner joins: only through them does the choice of a feature reach both scans of the facts
  SELECT
    pair.cohort_id, pair.patient_id, pair.lesion_id, pair.rater_id, pair.repeat_no,
    pair.sequence, pair.modality, pair.volume_index, pair.region, pair.extraction_id,
    pair.baseline_timepoint_id, pair.timepoint_id, pair.baseline_day, pair.study_day,
    pair.interval_days, pair.from_first_visit, pair.from_previous_visit,
    pair.scanner_changed, pair.protocol_changed,
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
    pair.sequence, pair.modality, pair.volume_index, pair.region, pair.extraction_id,
    pair.baseline_timepoint_id, pair.timepoint_id, pair.baseline_day, pair.study_day,
    pair.interval_days, pair.from_first_visit, pair.from_previous_visit,
    pair.scanner_changed, pair.protocol_changed,
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
    pair.sequence, pair.modality, pair.volume_index, pair.region, pair.extraction_id,
    pair.baseline_timepoint_id, pair.timepoint_id, pair.baseline_day, pair.study_day,
    pair.interval_days, pair.from_first_visit, pair.from_previous_visit,
    pair.scanner_changed, pair.protocol_changed,
    pair.measurement_id, pair.baseline_measurement_id,
    feature.feature,
    CASE earlier.value_status WHEN 'ok' THEN earlier.value END AS baseline_value,
    NULL AS value,
    coalesce(earlier.value_reason, earlier.value_status) AS baseline_reason,
    pair.reason AS follow_up_reason
  FROM pair
  JOIN imaging.feature_value AS earlier
    ON earlier.cohort_id = pair.cohort_id
    AND earlier.measurement_id = pair.baseline_measurement_id
  JOIN vocab.feature ON feature.feature_id = earlier.feature_id
  WHERE pair.reason IS NOT NULL
),
guarded AS (
  SELECT
    compared.cohort_id, compared.patient_id, compared.lesion_id, compared.rater_id,
    compared.repeat_no, compared.sequence, compared.modality, compared.volume_index,
    compared.region, extraction.profile, extraction.engine, extraction.value_scale,
    compared.feature, compared.baseline_timepoint_id, compared.timepoint_id,
    compared.baseline_day, compared.study_day, compared.interval_days,
    compared.from_first_visit, compared.from_previous_visit,
    compared.scanner_changed, compared.protocol_changed,
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
  guarded.volume_index,
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
  -- halves, for the sum of two large numbers may exceed a double
  CASE
    WHEN guarded.delta_status NOT IN ('not_finite', 'z_scored')
      THEN (guarded.value - guarded.baseline_value)
        / nullif(abs(guarded.value) / 2 + abs(guarded.baseline_value) / 2, 0)
  END AS delta_symmetric,
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
  CASE
    WHEN guarded.delta_status <> 'not_finite' AND guarded.value_scale = 'raw'
      THEN abs(guarded.value - guarded.baseline_value) <= repeatability.repeatability_coefficient
  END AS within_noise,
  guarded.scanner_changed,
  guarded.protocol_changed,
  guarded.from_first_visit,
  guarded.from_previous_visit,
  guarded.baseline_measurement_id,
  guarded.measurement_id,
  guarded.extraction_id
FROM guarded
JOIN study.patient
  ON patient.cohort_id = guarded.cohort_id
  AND patient.patient_id = guarded.patient_id
LEFT JOIN mart_versions.repeatability_v1 AS repeatability
  ON repeatability.cohort_id = guarded.cohort_id
  AND repeatability.region = guarded.region
  AND repeatability.sequence = guarded.sequence
  AND repeatability.profile = guarded.profile
  AND repeatability.engine = guarded.engine
  AND repeatability.feature = guarded.feature
