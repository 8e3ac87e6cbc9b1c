-- title: What each repetition with shuffled persons found
-- grain: a family of tests of a current run x control
-- reference: none; the persons are shuffled within their site where there are several
-- since: 0.1.0
--
-- The rows of result.association_control whose run is the newest of its name: how many p and q
-- below 0.05 the analysis gives when features are those of another person. Sums over all controls
-- of a family are in mart.association_family.
SELECT
  association_control.cohort_id,
  association_control.family,
  association_control.control_no,
  association_control.n_tests,
  association_control.smallest_p,
  association_control.n_p05,
  association_control.n_q05,
  analysis_run.name AS run_name,
  association_control.analysis_run_id
FROM result.association_control
JOIN ops.analysis_run ON analysis_run.analysis_run_id = association_control.analysis_run_id
WHERE analysis_run.current
