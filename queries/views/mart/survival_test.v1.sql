-- title: Log-rank tests at stated cuts as the current analyses have them
-- grain: a feature and endpoint in a visit, sequence, region and profile of a current run
-- reference: Mantel 1966, Cancer Chemotherapy Reports 50:163-170
-- since: 0.1.0
--
-- The rows of result.survival_test whose run is the newest of its name: the persons above
-- cut_point against the others. The cut was stated before, never searched for. q_value holds
-- within family, over n_tests tests. A feature that was not tested has a reason.
SELECT
  survival_test.cohort_id,
  survival_test.timepoint_id,
  survival_test.sequence,
  survival_test.region,
  survival_test.profile,
  survival_test.feature,
  survival_test.endpoint,
  survival_test.start_anchor,
  survival_test.landmark_day,
  survival_test.method,
  survival_test.cut,
  survival_test.cut_point,
  survival_test.family,
  survival_test.n_low,
  survival_test.n_high,
  survival_test.n_events_low,
  survival_test.n_events_high,
  survival_test.n_tests,
  survival_test.chi_squared,
  survival_test.p_value,
  survival_test.q_value,
  survival_test.status,
  survival_test.reason,
  analysis_run.name AS run_name,
  survival_test.analysis_run_id
FROM result.survival_test
JOIN ops.analysis_run ON analysis_run.analysis_run_id = survival_test.analysis_run_id
WHERE analysis_run.current
