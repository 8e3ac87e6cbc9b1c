-- title: How often a rule chooses each feature when persons are drawn again
-- grain: a feature in a current run
-- reference: Nogueira et al. 2018, Journal of Machine Learning Research 18(174)
-- since: 0.1.0
--
-- The rows of result.selection_stability whose run is the newest of its name. share_chosen is the
-- share of the resamples (persons drawn with replacement) in which the rule chose the feature,
-- chosen whether it does among all persons. stability_index speaks of the whole choice, and is the
-- same in all rows of a run: 1 where every resample chose the same, 0 where they agree by chance;
-- NULL where every feature was always chosen, or none ever.
SELECT
  selection.cohort_id,
  selection.timepoint_id,
  selection.sequence,
  selection.region,
  selection.profile,
  selection.feature,
  selection.rule,
  selection.n_persons,
  selection.n_features,
  selection.n_resamples,
  selection.chosen,
  selection.share_chosen,
  selection.mean_chosen,
  selection.stability_index,
  selection.ci95_low,
  selection.ci95_high,
  selection.reason,
  analysis_run.name AS run_name,
  selection.analysis_run_id
FROM result.selection_stability AS selection
JOIN ops.analysis_run ON analysis_run.analysis_run_id = selection.analysis_run_id
WHERE analysis_run.current
