-- title: Which features are stable, by the policy of each stability run
-- grain: a feature of a stability key in a current run, for a cohort that the run may speak of
-- reference: Koo and Li 2016, doi 10.1016/j.jcm.2016.02.012, for judging by the interval
-- since: 0.1.0
--
-- One answer a feature: stable, or why_not. The policy of the run (form, bound, threshold) stands
-- beside it. cohort_id and stability_key are those of the cohort whose features are judged;
-- measured_in is the cohort whose ratings judge them. The two differ only where the spec of the
-- run names the other cohort (also_for), so that a join on stability_key never takes a table of
-- other persons unasked. What could not be computed is not stable, and why_not is the reason.
-- Runs of several names may judge one feature: choose by run_name or design.
SELECT
  policy.cohort_id,
  stability.region,
  stability.sequence,
  stability.profile,
  stability.engine,
  stability.feature,
  concat_ws(
    '|', policy.cohort_id, stability.region, stability.sequence, stability.profile, stability.engine
  ) AS stability_key,
  policy.measured_in,
  stability.design,
  policy.icc_form,
  policy.bound,
  policy.threshold,
  stability.estimator,
  stability.n_targets,
  stability.n_raters,
  stability.icc,
  stability.ci95_low,
  coalesce(
    CASE policy.bound WHEN 'low' THEN stability.ci95_low ELSE stability.icc END >= policy.threshold,
    false
  ) AS stable,
  CASE
    WHEN stability.status <> 'ok' THEN stability.reason
    WHEN policy.bound = 'low' AND stability.ci95_low IS NULL THEN 'no_interval'
    WHEN CASE policy.bound WHEN 'low' THEN stability.ci95_low ELSE stability.icc END
      < policy.threshold THEN 'below_threshold'
  END AS why_not,
  analysis_run.name AS run_name,
  stability.analysis_run_id
FROM result.stability_policy AS policy
JOIN result.stability
  ON stability.analysis_run_id = policy.analysis_run_id
  AND stability.cohort_id = policy.measured_in
  AND stability.icc_form = policy.icc_form
JOIN ops.analysis_run ON analysis_run.analysis_run_id = policy.analysis_run_id
WHERE analysis_run.current
