-- title: Change of every feature since the baseline visit
-- grain: a feature of a measurement at a follow-up visit
-- reference: none; the formulas stand below
-- since: 0.1.0
--
-- With v0 at baseline and v at follow-up: delta_absolute = v - v0, delta_relative = (v - v0) /
-- |v0|, delta_symmetric = 2 (v - v0) / (|v| + |v0|), delta_log_ratio = ln(v / v0), delta_per_day =
-- (v - v0) / interval_days. Baseline is the patient's visit with the smallest visit_order (ties by
-- study_day) at which that region was measured, or tried, on that sequence, whoever drew it; its
-- own rows are not listed. Only current measurements of the same lesion, rater, repeat, sequence
-- and volume, region and extraction_id are compared; the baseline never moves on to a later visit
-- for one of them. A follow-up that failed or whose region is absent has a row for each feature of
-- the baseline. No row: a visit at which it was not tried (see mart.coverage), two visits that both
-- failed, a feature that one of two successful measurements lacks. delta_status names the first
-- guard that held something back: baseline_missing (no matching measurement, or no value),
-- follow_up_missing (no value), not_finite (the difference exceeds a double; nothing), z_scored (no
-- relative, symmetric, log ratio), baseline_zero (v0 = 0; no relative, no log ratio; no symmetric
-- where v = 0 too), baseline_tiny (|v0| below a billionth of |v|; no relative, no log ratio),
-- sign_change (v and v0 of opposite sign; no log ratio), non_positive (one is negative or zero; no
-- log ratio), else ok. delta_reason is the reason code of what is missing, or not_measured.
-- delta_per_day is NULL where interval_days is NULL or not positive, whatever the status.
-- within_noise says whether |delta_absolute| is at most the repeatability coefficient of
-- mart.repeatability, scanner_changed and protocol_changed what mart.measurement_pair says of the
-- two images; each is NULL where it is not known. Other pairs of visits are in mart.delta_pair and
-- mart.delta_previous.
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
WHERE from_first_visit
