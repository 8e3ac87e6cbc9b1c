-- title: Change of every feature since the visit before
-- grain: a feature of a measurement at a follow-up visit
-- reference: mart.delta_pair
-- since: 0.1.0
--
-- The rows of mart.delta_pair whose baseline is the visit before: the last earlier one at which
-- that region was measured, or tried, on that sequence, whoever drew it. Where it failed there, or
-- another lesion, rater or extraction stands alone there, delta_status is baseline_missing: the
-- comparison never moves on to a visit further back. Columns, formulas and guards are those of
-- mart.delta_pair.
SELECT
  cohort_id,
  person_id,
  patient_id,
  lesion_id,
  rater_id,
  repeat_no,
  sequence,
  modality,
  volume_index,
  region,
  profile,
  engine,
  value_scale,
  feature,
  baseline_timepoint_id,
  timepoint_id,
  baseline_day,
  study_day,
  interval_days,
  baseline_value,
  value,
  delta_absolute,
  delta_relative,
  delta_symmetric,
  delta_log_ratio,
  delta_per_day,
  delta_status,
  delta_reason,
  within_noise,
  scanner_changed,
  protocol_changed,
  baseline_measurement_id,
  measurement_id,
  extraction_id
FROM mart_versions.delta_pair_v1
WHERE from_previous_visit
