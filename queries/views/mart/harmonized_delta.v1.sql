-- title: Change of harmonized features since the baseline visit
-- grain: a row of mart.delta_radiomics, both visits measured, x a current harmonization run of its feature
-- reference: none; the formulas stand in mart.delta_radiomics
-- since: 0.1.0
--
-- Each value is harmonized by the batch that it was measured in, and the change is taken after
-- that: a patient who moved to another scanner between the visits has two batches. Never the other
-- way round, for a change has no batch. The pairs are those of mart.delta_radiomics, and so are the
-- formulas and the guards, on the harmonized values; baseline_value and value are harmonized,
-- baseline_raw_value and raw_value are not. delta_status is further not_harmonized, where one of
-- the two could not be, with the reason of mart.harmonized_feature in delta_reason; then there is
-- no change, not even of the raw values. A pair of which one visit was not measured stands in
-- mart.delta_radiomics alone. was_fitted says whether the parameters were fitted on a
-- value of the pair.
WITH paired AS (
  SELECT
    later.run_name, later.analysis_run_id, later.persons,
    delta.cohort_id, delta.person_id, delta.patient_id, delta.lesion_id, delta.rater_id,
    delta.repeat_no, delta.sequence, delta.modality, delta.region, delta.profile, delta.engine,
    delta.feature, delta.baseline_timepoint_id, delta.timepoint_id, delta.interval_days,
    delta.baseline_measurement_id, delta.measurement_id,
    earlier.batch AS baseline_batch, later.batch,
    earlier.was_fitted OR later.was_fitted AS was_fitted,
    delta.baseline_value AS baseline_raw_value, delta.value AS raw_value,
    earlier.reason AS baseline_reason, later.reason,
    delta.delta_status AS raw_status, delta.delta_reason AS raw_reason,
    earlier.cell_no AS baseline_cell_no, later.cell_no,
    later.n_covariates
  FROM mart_versions.delta_radiomics_v1 AS delta
  JOIN mart_versions.measurement_batch_v1 AS later
    ON later.cohort_id = delta.cohort_id
    AND later.measurement_id = delta.measurement_id
  JOIN mart_versions.measurement_batch_v1 AS earlier
    ON earlier.analysis_run_id = later.analysis_run_id
    AND earlier.cohort_id = delta.cohort_id
    AND earlier.measurement_id = delta.baseline_measurement_id
),
brought AS (
  SELECT
    paired.run_name, paired.analysis_run_id, paired.persons, paired.cohort_id, paired.person_id,
    paired.patient_id, paired.lesion_id, paired.rater_id, paired.repeat_no, paired.sequence,
    paired.modality, paired.region, paired.profile, paired.engine, paired.feature,
    paired.baseline_timepoint_id, paired.timepoint_id, paired.interval_days,
    paired.baseline_measurement_id, paired.measurement_id, paired.baseline_batch, paired.batch,
    paired.was_fitted, paired.baseline_raw_value, paired.raw_value, paired.raw_status,
    paired.raw_reason,
    coalesce(
      paired.baseline_reason,
      paired.reason,
      CASE
        WHEN paired.n_covariates > 0
          AND (earlier_design.cohort_id IS NULL OR later_design.cohort_id IS NULL)
          THEN 'covariate_missing'
      END,
      earlier_line.reason,
      later_line.reason
    ) AS reason,
    CASE
      WHEN paired.baseline_reason IS NULL
        THEN earlier_line.slope * paired.baseline_raw_value + earlier_line.intercept
          + CASE
            WHEN paired.n_covariates = 0 THEN 0
            ELSE earlier_line.shift_1 * earlier_design.covariate_1
              + earlier_line.shift_2 * earlier_design.covariate_2
          END
          + CASE
            WHEN earlier_further.further_betas IS NULL THEN 0
            ELSE (1 - earlier_line.slope)
              * list_inner_product(earlier_design.further_covariates, earlier_further.further_betas)
          END
    END AS baseline_value,
    CASE
      WHEN paired.reason IS NULL
        THEN later_line.slope * paired.raw_value + later_line.intercept
          + CASE
            WHEN paired.n_covariates = 0 THEN 0
            ELSE later_line.shift_1 * later_design.covariate_1
              + later_line.shift_2 * later_design.covariate_2
          END
          + CASE
            WHEN later_further.further_betas IS NULL THEN 0
            ELSE (1 - later_line.slope)
              * list_inner_product(later_design.further_covariates, later_further.further_betas)
          END
    END AS value
  FROM paired
  JOIN mart_versions.harmonization_line_v1 AS earlier_line
    ON earlier_line.cell_no = paired.baseline_cell_no
    AND earlier_line.feature = paired.feature
  JOIN mart_versions.harmonization_line_v1 AS later_line
    ON later_line.cell_no = paired.cell_no
    AND later_line.feature = paired.feature
  LEFT JOIN mart_versions.harmonization_further_line_v1 AS earlier_further
    ON earlier_further.line_no = earlier_line.line_no
  LEFT JOIN mart_versions.harmonization_further_line_v1 AS later_further
    ON later_further.line_no = later_line.line_no
  LEFT JOIN mart_versions.harmonization_design_v1 AS earlier_design
    ON earlier_design.analysis_run_id = paired.analysis_run_id
    AND earlier_design.cohort_id = paired.cohort_id
    AND earlier_design.patient_id = paired.patient_id
    AND earlier_design.timepoint_id = paired.baseline_timepoint_id
    AND earlier_design.sequence = paired.sequence
    AND earlier_design.region = paired.region
    AND earlier_design.profile = paired.profile
    AND earlier_design.engine = paired.engine
  LEFT JOIN mart_versions.harmonization_design_v1 AS later_design
    ON later_design.analysis_run_id = paired.analysis_run_id
    AND later_design.cohort_id = paired.cohort_id
    AND later_design.patient_id = paired.patient_id
    AND later_design.timepoint_id = paired.timepoint_id
    AND later_design.sequence = paired.sequence
    AND later_design.region = paired.region
    AND later_design.profile = paired.profile
    AND later_design.engine = paired.engine
),
guarded AS (
  SELECT
    run_name, analysis_run_id, persons, cohort_id, person_id, patient_id, lesion_id, rater_id,
    repeat_no, sequence, modality, region, profile, engine, feature, baseline_timepoint_id,
    timepoint_id, interval_days, baseline_measurement_id, measurement_id, baseline_batch, batch,
    was_fitted, baseline_raw_value, raw_value, raw_reason, reason, baseline_value, value,
    CASE
      WHEN raw_status IN ('baseline_missing', 'follow_up_missing') THEN raw_status
      WHEN reason IS NOT NULL OR baseline_value IS NULL OR value IS NULL THEN 'not_harmonized'
      WHEN NOT isfinite(value - baseline_value) THEN 'not_finite'
      WHEN baseline_value = 0 THEN 'baseline_zero'
      WHEN abs(baseline_value) < 1e-9 * abs(value) THEN 'baseline_tiny'
      WHEN sign(value) * sign(baseline_value) < 0 THEN 'sign_change'
      WHEN value <= 0 OR baseline_value <= 0 THEN 'non_positive'
      ELSE 'ok'
    END AS delta_status
  FROM brought
)
SELECT
  run_name,
  analysis_run_id,
  persons,
  cohort_id,
  person_id,
  patient_id,
  lesion_id,
  rater_id,
  repeat_no,
  sequence,
  modality,
  region,
  profile,
  engine,
  feature,
  baseline_timepoint_id,
  timepoint_id,
  interval_days,
  baseline_batch,
  batch,
  was_fitted,
  baseline_raw_value,
  raw_value,
  baseline_value,
  value,
  CASE WHEN delta_status <> 'not_finite' THEN value - baseline_value END AS delta_absolute,
  CASE
    WHEN delta_status IN ('sign_change', 'non_positive', 'ok')
      THEN (value - baseline_value) / abs(baseline_value)
  END AS delta_relative,
  CASE
    WHEN delta_status <> 'not_finite'
      THEN (value - baseline_value) / nullif(abs(value) / 2 + abs(baseline_value) / 2, 0)
  END AS delta_symmetric,
  ln(nullif(CASE delta_status WHEN 'ok' THEN value / baseline_value END, 0)) AS delta_log_ratio,
  CASE
    WHEN delta_status <> 'not_finite' AND interval_days > 0
      THEN (value - baseline_value) / interval_days
  END AS delta_per_day,
  delta_status,
  CASE
    WHEN delta_status IN ('baseline_missing', 'follow_up_missing') THEN raw_reason
    WHEN delta_status = 'not_harmonized' THEN reason
  END AS delta_reason,
  baseline_measurement_id,
  measurement_id
FROM guarded
