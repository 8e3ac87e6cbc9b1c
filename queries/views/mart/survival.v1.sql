-- title: Survival models of features as the current analyses have them
-- grain: a feature against an endpoint in a visit, sequence, region and profile of a current run
-- reference: Cox 1972, doi 10.1111/j.2517-6161.1972.tb00899.x; Grambsch and Therneau 1994, doi 10.1093/biomet/81.3.515, for ph_p_value
-- since: 0.1.0
--
-- The rows of result.survival whose run is the newest of its name. hazard_ratio is for what per
-- says: one standard deviation of the feature, feature_sd, or one unit. q_value holds within
-- family, over n_tests tests; across families or runs it says nothing. concordance is that of
-- the whole model, covariates too, on the persons it was fitted on: it flatters. A small
-- ph_p_value says that the hazard ratio changes with time, and that one number does not tell it.
-- A feature that was not fitted has a reason.
SELECT
  survival.cohort_id,
  survival.timepoint_id,
  survival.sequence,
  survival.region,
  survival.profile,
  survival.feature,
  survival.endpoint,
  survival.start_anchor,
  survival.landmark_day,
  survival.method,
  survival.ties,
  survival.family,
  survival.n,
  survival.n_events,
  survival.n_tests,
  survival.per,
  survival.feature_sd,
  survival.coef,
  survival.standard_error,
  survival.hazard_ratio,
  survival.ci95_low,
  survival.ci95_high,
  survival.p_value,
  survival.q_value,
  survival.concordance,
  survival.ph_p_value,
  survival.covariates,
  survival.status,
  survival.reason,
  analysis_run.name AS run_name,
  survival.analysis_run_id
FROM result.survival
JOIN ops.analysis_run ON analysis_run.analysis_run_id = survival.analysis_run_id
WHERE analysis_run.current
