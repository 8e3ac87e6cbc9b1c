-- title: Change of every feature between two visits that are named
-- grain: a feature of a measurement
-- reference: mart.delta_pair
-- since: 0.1.0
-- parameters: from_visit, to_visit
--
-- The rows of mart.delta_pair from one timepoint_id to another:
-- FROM mart.delta_between('baseline', 'week_6').
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
  from_first_visit,
  from_previous_visit,
  baseline_measurement_id,
  measurement_id,
  extraction_id
FROM mart_versions.delta_pair_v1
WHERE baseline_timepoint_id = from_visit
  AND timepoint_id = to_visit
