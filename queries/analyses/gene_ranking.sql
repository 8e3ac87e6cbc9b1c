-- title: Correlations of genes with features, as an earlier association analysis found them
-- grain: a feature against a gene
-- reference: result.association of the current run of that name; Spearman's without covariates, of features of the visit
SELECT
  association.timepoint_id,
  association.sequence,
  association.region,
  association.profile,
  association.feature,
  substr(association.target, length($prefix) + 1) AS gene,
  association.estimate AS value
FROM result.association
JOIN ops.analysis_run ON analysis_run.analysis_run_id = association.analysis_run_id
WHERE analysis_run.current
  AND analysis_run.analysis = 'association'
  AND analysis_run.name = $association
  AND association.cohort_id = $cohort_id
  AND association.timepoint_id = $timepoint
  AND association.predictor = 'feature'
  AND association.method = 'spearman'
  AND association.n_covariates = 0
  AND starts_with(association.target, $prefix)
  AND ($regions IS NULL OR list_contains(CAST($regions AS VARCHAR[]), association.region))
  AND ($sequences IS NULL OR list_contains(CAST($sequences AS VARCHAR[]), association.sequence))
  AND ($profiles IS NULL OR list_contains(CAST($profiles AS VARCHAR[]), association.profile))
  AND ($features IS NULL OR list_contains(CAST($features AS VARCHAR[]), association.feature))
ORDER BY ALL
