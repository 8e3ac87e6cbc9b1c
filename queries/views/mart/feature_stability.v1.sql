-- title: Reliability of features as the current analyses have it
-- grain: a feature of a stability key and ICC form in a current run
-- reference: McGraw and Wong 1996, doi 10.1037/1082-989X.1.1.30
-- since: 0.1.0
--
-- The rows of result.stability whose run is the newest of its name. A coefficient that could not
-- be computed is NULL, with status not_computed and the reason. The stability_key names its cohort,
-- so that a join on it and the feature never takes another cohort's; runs of two names, and the
-- forms of one run, may all speak of one feature. Whether it counts as stable: mart.stable_feature.
SELECT
  stability.cohort_id,
  stability.region,
  stability.sequence,
  stability.profile,
  stability.engine,
  stability.feature,
  stability.stability_key,
  stability.design,
  stability.icc_form,
  stability.estimator,
  stability.n_targets,
  stability.n_raters,
  stability.n_dropped,
  stability.icc,
  stability.ci95_low,
  stability.ci95_high,
  stability.f_value,
  stability.p_value,
  stability.within_subject_sd,
  stability.repeatability_coefficient,
  stability.wcv,
  stability.wcv_reason,
  stability.ccc,
  stability.ccc_reason,
  stability.status,
  stability.reason,
  analysis_run.name AS run_name,
  stability.analysis_run_id
FROM result.stability
JOIN ops.analysis_run ON analysis_run.analysis_run_id = stability.analysis_run_id
WHERE analysis_run.current
