-- title: What each family of tests found, beside what shuffled persons found
-- grain: a family of tests of a current run
-- reference: Galwey 2009, doi 10.1002/gepi.20408, for n_effective
-- since: 0.1.0
--
-- The rows of result.association_family whose run is the newest of its name. n_tests is what
-- q_value was corrected for; n_effective how many independent tests the correlated features and
-- targets amount to, which is far less, and is no correction by itself. The columns of the controls
-- tell what the same analysis finds with the features of other persons, NULL without controls: a
-- family whose n_q05 is not far above control_n_q05, or whose smallest_p the controls often reach
-- (controls_as_small of n_controls), has found what chance finds.
SELECT
  association_family.cohort_id,
  association_family.family,
  association_family.n_features,
  association_family.n_targets,
  association_family.n_pairs,
  association_family.n_tests,
  association_family.n_effective_features,
  association_family.n_effective_targets,
  association_family.n_effective,
  association_family.smallest_p,
  association_family.n_p05,
  association_family.n_q05,
  association_family.n_controls,
  association_family.control_smallest_p,
  association_family.control_n_p05,
  association_family.control_n_q05,
  association_family.controls_as_small,
  analysis_run.name AS run_name,
  association_family.analysis_run_id
FROM result.association_family
JOIN ops.analysis_run ON analysis_run.analysis_run_id = association_family.analysis_run_id
WHERE analysis_run.current
