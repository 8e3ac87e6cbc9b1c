-- title: The effects of the covariates beyond the second on a feature
-- grain: a feature of a batch of a model of a current run that preserves more than two columns
-- reference: result.harmonization_effect
-- since: 0.1.0
--
-- further_betas are in the order of their place; line_no is that of mart.harmonization_line. They
-- stand apart, for DuckDB joins rows that hold a list slowly, and most models have none.
WITH effect AS (
  SELECT
    analysis_run_id, cohort_id, sequence, region, profile, engine, feature,
    list(beta ORDER BY place) AS further_betas
  FROM result.harmonization_effect
  WHERE place > 2
  GROUP BY ALL
)
SELECT
  cell.cohort_id,
  cell.cell_no + 512 * feature.feature_id AS line_no,
  effect.further_betas
FROM effect
JOIN ops.analysis_run
  ON analysis_run.analysis_run_id = effect.analysis_run_id
  AND analysis_run.current
JOIN result.harmonization_cell AS cell
  ON cell.run_name = analysis_run.name
  AND cell.cohort_id = effect.cohort_id
  AND cell.sequence = effect.sequence
  AND cell.region = effect.region
  AND cell.profile = effect.profile
  AND cell.engine = effect.engine
JOIN vocab.feature
  ON feature.engine = effect.engine
  AND feature.feature = effect.feature
