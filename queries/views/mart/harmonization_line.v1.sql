-- title: The straight line that brings a feature of a batch to all batches
-- grain: a feature of a batch of a model of a current run, and of its row without a batch
-- reference: Johnson, Li and Rabinovic 2007, doi 10.1093/biostatistics/kxj037
-- since: 0.1.0
--
-- harmonized = slope x value + intercept + (1 - slope) x (betas . covariates), where slope is
-- 1 / sqrt(delta_star) and intercept grand_mean - slope x (grand_mean + sqrt(var_pooled) x
-- gamma_star): the formula of ComBat, in which the covariates' part comes back unscaled. Of the
-- reference batch slope is 1 and intercept 0, and values stay to the last bit. betas is NULL where
-- the model preserves nothing. A feature that was left out of the fit has its reason and no line.
-- In the row without a batch, slope and intercept are NULL: nothing is known of such values.
-- line_no joins: cell_no of mart.harmonization_cell x 2^32 + feature_id.
WITH effect AS (
  SELECT
    analysis_run_id, cohort_id, sequence, region, profile, engine, feature,
    list(beta ORDER BY place) AS betas
  FROM result.harmonization_effect
  GROUP BY ALL
),
line AS (
  SELECT
    cell.cohort_id, cell.cell_no, cell.engine, harmonization.feature, harmonization.reason,
    1 / sqrt(nullif(harmonization.delta_star, 0)) AS slope,
    harmonization.grand_mean
    - (harmonization.grand_mean + sqrt(harmonization.var_pooled) * harmonization.gamma_star)
      / sqrt(nullif(harmonization.delta_star, 0)) AS intercept,
    effect.betas
  FROM result.harmonization
  JOIN mart_versions.harmonization_cell_v1 AS cell
    USING (analysis_run_id, cohort_id, sequence, region, profile, engine, batch)
  LEFT JOIN effect
    USING (analysis_run_id, cohort_id, sequence, region, profile, engine, feature)
  UNION ALL
  SELECT DISTINCT
    cell.cohort_id, cell.cell_no, cell.engine, harmonization.feature,
    CAST(NULL AS VARCHAR), CAST(NULL AS DOUBLE), CAST(NULL AS DOUBLE), CAST(NULL AS DOUBLE[])
  FROM result.harmonization
  JOIN mart_versions.harmonization_cell_v1 AS cell
    USING (analysis_run_id, cohort_id, sequence, region, profile, engine)
  WHERE cell.batch IS NULL
)
SELECT
  line.cohort_id,
  line.cell_no * 4294967296 + feature.feature_id AS line_no,
  line.cell_no,
  feature.feature_id,
  line.feature,
  line.slope,
  line.intercept,
  line.betas,
  line.reason
FROM line
JOIN vocab.feature
  ON feature.engine = line.engine
  AND feature.feature = line.feature
