-- title: The straight line that brings a feature of a batch to all batches
-- grain: a feature of a batch of a model of a current run
-- reference: Johnson, Li and Rabinovic 2007, doi 10.1093/biostatistics/kxj037
-- since: 0.1.0
--
-- harmonized = slope x value + intercept + (1 - slope) x (betas . covariates), where slope is
-- 1 / sqrt(delta_star) and intercept grand_mean - slope x (grand_mean + sqrt(var_pooled) x
-- gamma_star): the formula of ComBat, in which the covariates' part comes back unscaled. Of the
-- reference batch slope is 1 and intercept 0, and values stay to the last bit. shift_1 and shift_2
-- are (1 - slope) x beta of the first two covariates, 0 where the model preserves fewer; betas of
-- the others stand in mart.harmonization_further_line. A feature that was left out of the fit has
-- its reason and no line.
-- line_no joins: cell_no of result.harmonization_cell + 512 x feature_id. DuckDB looks lines up by
-- it, and does not search, as long as it knows the range of the numbers, which it forgets where two
-- parts of a plan share a join with the cells. A CTE that is materialized is never in such a share.
WITH current_run AS MATERIALIZED (
  SELECT analysis_run_id, name
  FROM ops.analysis_run
  WHERE current
),
effect AS (
  SELECT
    analysis_run_id, cohort_id, sequence, region, profile, engine, feature,
    max(beta) FILTER (place = 1) AS beta_1,
    max(beta) FILTER (place = 2) AS beta_2
  FROM result.harmonization_effect
  GROUP BY ALL
),
line AS (
  SELECT
    harmonization.cohort_id, cell.cell_no, harmonization.engine, harmonization.feature,
    harmonization.reason, effect.beta_1, effect.beta_2,
    1 / sqrt(nullif(harmonization.delta_star, 0)) AS slope,
    harmonization.grand_mean
    - (harmonization.grand_mean + sqrt(harmonization.var_pooled) * harmonization.gamma_star)
      / sqrt(nullif(harmonization.delta_star, 0)) AS intercept
  FROM result.harmonization
  JOIN current_run USING (analysis_run_id)
  LEFT JOIN effect
    USING (analysis_run_id, cohort_id, sequence, region, profile, engine, feature)
  JOIN result.harmonization_cell AS cell
    ON cell.run_name = current_run.name
    AND cell.cohort_id = harmonization.cohort_id
    AND cell.sequence = harmonization.sequence
    AND cell.region = harmonization.region
    AND cell.profile = harmonization.profile
    AND cell.engine = harmonization.engine
    AND cell.batch = harmonization.batch
)
SELECT
  line.cohort_id,
  line.cell_no + 512 * feature.feature_id AS line_no,
  line.cell_no,
  feature.feature_id,
  line.feature,
  line.slope,
  line.intercept,
  (1 - line.slope) * coalesce(line.beta_1, 0) AS shift_1,
  (1 - line.slope) * coalesce(line.beta_2, 0) AS shift_2,
  CASE WHEN line.reason IS NULL THEN 'ok' ELSE 'not_harmonized' END AS status,
  line.reason
FROM line
JOIN vocab.feature
  ON feature.engine = line.engine
  AND feature.feature = line.feature
