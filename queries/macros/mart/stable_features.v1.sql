-- title: Features whose stability is at least so good
-- grain: a feature x stability_key
-- reference: mart.feature_stability; Koo and Li 2016 for what is good, doi 10.1016/j.jcm.2016.02.012
-- since: 0.1.0
-- parameters: by_design, least_icc
--
-- The rows of mart.feature_stability of a design (inter_rater, test_retest …) whose lower limit of
-- the 95 % confidence interval reaches least_icc; what could not be computed is not among them:
-- FROM mart.stable_features('inter_rater', 0.75).
SELECT
  cohort_id,
  region,
  sequence,
  profile,
  engine,
  feature,
  stability_key,
  design,
  icc_form,
  estimator,
  n_targets,
  n_raters,
  n_dropped,
  icc,
  ci95_low,
  ci95_high,
  f_value,
  p_value,
  within_subject_sd,
  repeatability_coefficient,
  wcv,
  wcv_reason,
  ccc,
  ccc_reason,
  status,
  reason,
  run_name,
  analysis_run_id
FROM mart_versions.feature_stability_v1
WHERE design = by_design
  AND ci95_low >= least_icc
