-- title: Kaplan-Meier estimates at stated cuts as the current analyses have them
-- grain: a time of a group of a feature and endpoint of a current run
-- reference: Kaplan and Meier 1958, doi 10.1080/01621459.1958.10501452
-- since: 0.1.0
--
-- The rows of result.survival_curve whose run is the newest of its name: every time at which a
-- person of the group had the event or was lost. n_at_risk counts those under observation just
-- before. The interval is made on the logarithm of the survival and has no bounds where nobody
-- survives. Times count from start_anchor, or from the landmark of the run.
SELECT
  survival_curve.cohort_id,
  survival_curve.timepoint_id,
  survival_curve.sequence,
  survival_curve.region,
  survival_curve.profile,
  survival_curve.feature,
  survival_curve.endpoint,
  survival_curve.start_anchor,
  survival_curve.risk_group,
  survival_curve.cut_point,
  survival_curve.time_days,
  survival_curve.n_at_risk,
  survival_curve.n_events,
  survival_curve.n_censored,
  survival_curve.survival,
  survival_curve.standard_error,
  survival_curve.ci95_low,
  survival_curve.ci95_high,
  analysis_run.name AS run_name,
  survival_curve.analysis_run_id
FROM result.survival_curve
JOIN ops.analysis_run ON analysis_run.analysis_run_id = survival_curve.analysis_run_id
WHERE analysis_run.current
