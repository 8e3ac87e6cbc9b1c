-- title: Association of features with targets as the current analyses have it
-- grain: a feature against a target in a visit, sequence, region and profile of a current run
-- reference: Benjamini and Hochberg 1995, doi 10.1111/j.2517-6161.1995.tb02031.x, for q_value
-- since: 0.1.0
--
-- The rows of result.association whose run is the newest of its name. q_value holds within family,
-- over n_tests tests; across families or runs it says nothing. A pair that was not tested has
-- neither p_value nor q_value, but a reason. underpowered marks pairs in which even a large
-- effect would be missed: for them no finding is no evidence of absence.
SELECT
  association.cohort_id,
  association.timepoint_id,
  association.sequence,
  association.region,
  association.profile,
  association.feature,
  association.target,
  association.target_block,
  association.method,
  association.n,
  association.estimate,
  association.p_value,
  association.p_method,
  association.q_value,
  association.family,
  association.n_tests,
  association.detectable_estimate,
  association.underpowered,
  association.status,
  association.reason,
  analysis_run.name AS run_name,
  association.analysis_run_id
FROM result.association
JOIN ops.analysis_run ON analysis_run.analysis_run_id = association.analysis_run_id
WHERE analysis_run.current
