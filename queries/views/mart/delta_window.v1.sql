-- title: Change of every feature since the baseline visit, in named windows of days
-- grain: a feature of a measurement at the visit that stands for a window x window
-- reference: windows in study.yaml; mart.window_visit, mart.delta_radiomics
-- since: 0.1.0
--
-- The rows of mart.delta_radiomics whose visit stands for a window, with the window before them: at
-- most one visit a window, patient, sequence and region, the one nearest the middle. Who has no
-- such visit, and why, is in mart.window_visit. A visit stands in each window in which it lies, so
-- take one: WHERE window_name = 'post_treatment'. Columns, formulas and guards of the change are
-- those of mart.delta_radiomics.
SELECT
  window_visit.window_name,
  window_visit.anchor,
  window_visit.anchor_day,
  window_visit.days_after_anchor,
  window_visit.n_visits,
  window_visit.tied_timepoints,
  delta.cohort_id,
  delta.person_id,
  delta.patient_id,
  delta.lesion_id,
  delta.rater_id,
  delta.repeat_no,
  delta.sequence,
  delta.modality,
  delta.volume_index,
  delta.region,
  delta.profile,
  delta.engine,
  delta.value_scale,
  delta.feature,
  delta.baseline_timepoint_id,
  delta.timepoint_id,
  delta.baseline_day,
  delta.study_day,
  delta.interval_days,
  delta.baseline_value,
  delta.value,
  delta.delta_absolute,
  delta.delta_relative,
  delta.delta_symmetric,
  delta.delta_log_ratio,
  delta.delta_per_day,
  delta.delta_status,
  delta.delta_reason,
  delta.within_noise,
  delta.scanner_changed,
  delta.protocol_changed,
  delta.baseline_measurement_id,
  delta.measurement_id,
  delta.extraction_id
FROM mart_versions.delta_radiomics_v1 AS delta
JOIN mart_versions.window_visit_v1 AS window_visit
  ON window_visit.cohort_id = delta.cohort_id
  AND window_visit.patient_id = delta.patient_id
  AND window_visit.sequence = delta.sequence
  AND window_visit.region = delta.region
  AND window_visit.timepoint_id = delta.timepoint_id
WHERE window_visit.window_status = 'ok'
