-- title: Association of features with targets as the current analyses have it
-- grain: a feature against a target in a visit, sequence, region and profile of a current run
-- reference: Benjamini and Hochberg 1995, doi 10.1111/j.2517-6161.1995.tb02031.x, for q_value; Westfall and Young 1993 for p_max_t
-- since: 0.1.0
--
-- The rows of result.association whose run is the newest of its name. q_value holds within family,
-- over n_tests tests; across families or runs it says nothing. Of a run of many pairs only those
-- of small p are stored (keep_p in the spec of the run, mart.analysis_run): a pair without a row
-- had a larger p, or was not tested, of which mart.association_family and the counts of the run
-- tell; q_value is exact where it is at most keep_p, and NULL above. A pair that was not tested and
-- is stored has neither p_value nor q_value, but a reason. underpowered marks pairs in which even a
-- large effect would be missed: for them no finding is no evidence of absence. estimate is a
-- correlation; of mann_whitney 2 AUC - 1, of kruskal the share of variance, which has no sign.
SELECT
  association.cohort_id,
  association.timepoint_id,
  association.sequence,
  association.region,
  association.profile,
  association.feature,
  association.predictor,
  association.target,
  association.target_block,
  association.method,
  association.n,
  association.n_covariates,
  association.n_strata,
  association.estimate,
  association.statistic,
  association.auc,
  association.p_value,
  association.p_method,
  association.q_value,
  association.family,
  association.n_tests,
  association.p_max_t,
  association.fdr_permutation,
  association.heterogeneity_p,
  association.baseline_correlation,
  association.detectable_estimate,
  association.underpowered,
  association.few_persons,
  association.status,
  association.reason,
  analysis_run.name AS run_name,
  association.analysis_run_id
FROM result.association
JOIN ops.analysis_run ON analysis_run.analysis_run_id = association.analysis_run_id
WHERE analysis_run.current
