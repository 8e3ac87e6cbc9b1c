-- title: Associations of one cohort beside those of another
-- grain: a pair of feature and target of a current run x a current run of other cohorts that has it
-- reference: Hedges and Olkin 1985, chapter 11, for the combined effect; Fieller, Hartley and Pearson 1957, doi 10.1093/biomet/44.3-4.470
-- since: 0.1.0
--
-- The same feature, sequence, region, profile and predictor against the same target by the same
-- method, in runs that have no cohort in common; each run stands once as the first and once as the
-- other, whose columns begin with replication. Whether the runs asked the same (visit, covariates,
-- form of a change) their specs say. same_sign compares the estimates; q_value and
-- replication_q_value hold within the families of their own runs. combined_estimate is the fixed
-- effect of both by Fisher's z, weighted by n less 3 and less the covariates (of several sites less
-- theirs), and for ranks divided by 1.06; ranks in perfect order count as 1 - 6 / (n^3 - n).
-- combined_z is z over its standard error (above 1.96 or below -1.96: p < 0.05), heterogeneity_z the
-- difference of both over its own. They are NULL for tests of groups, and where one side has too few
-- persons. A pair that one of the runs did not store, for its p was large, has no row.
WITH tested AS (
  SELECT
    association.analysis_run_id, analysis_run.name AS run_name, association.cohort_id,
    string_split(association.cohort_id, '+') AS cohorts,
    association.timepoint_id, association.sequence, association.region, association.profile,
    association.feature, association.predictor, association.target, association.method,
    association.n, association.estimate, association.p_value, association.q_value,
    CASE
      -- ranks in perfect order: half a step of rho short of it
      WHEN association.method = 'spearman' AND association.n > 1
        THEN 1 - 6 / (pow(association.n::DOUBLE, 3) - association.n)
      ELSE 1 - pow(2, -40)
    END AS largest,
    -- Fisher's z, written out: atanh came to DuckDB after 1.0
    ln(
      (1 + least(greatest(association.estimate, -largest), largest))
      / (1 - least(greatest(association.estimate, -largest), largest))
    ) / 2 AS z,
    CASE association.method
      WHEN 'spearman' THEN 1 / 1.06
      WHEN 'pearson' THEN 1.0
    END
    * CASE
      WHEN association.heterogeneity_p IS NULL
        THEN association.n - association.n_strata - 2 - association.n_covariates
      ELSE association.n - association.n_strata * (3 + association.n_covariates)
    END AS weight
  FROM result.association
  JOIN ops.analysis_run ON analysis_run.analysis_run_id = association.analysis_run_id
  WHERE analysis_run.current
    AND association.status = 'ok'
),
paired AS (
  SELECT
    tested.cohort_id, tested.run_name, tested.analysis_run_id,
    other.cohort_id AS replication_cohort_id,
    other.run_name AS replication_run_name,
    other.analysis_run_id AS replication_run_id,
    tested.timepoint_id,
    other.timepoint_id AS replication_timepoint_id,
    tested.sequence, tested.region, tested.profile, tested.feature, tested.predictor,
    tested.target, tested.method, tested.n, tested.estimate, tested.p_value, tested.q_value,
    other.n AS replication_n,
    other.estimate AS replication_estimate,
    other.p_value AS replication_p_value,
    other.q_value AS replication_q_value,
    tested.z, other.z AS other_z,
    CASE WHEN tested.weight > 0 AND other.weight > 0 THEN tested.weight END AS weight,
    CASE WHEN tested.weight > 0 AND other.weight > 0 THEN other.weight END AS other_weight
  FROM tested
  JOIN tested AS other
    ON other.sequence = tested.sequence
    AND other.region = tested.region
    AND other.profile = tested.profile
    AND other.feature = tested.feature
    AND other.predictor = tested.predictor
    AND other.target = tested.target
    AND other.method = tested.method
    AND NOT list_has_any(other.cohorts, tested.cohorts)
)
SELECT
  cohort_id,
  replication_cohort_id,
  timepoint_id,
  replication_timepoint_id,
  sequence,
  region,
  profile,
  feature,
  predictor,
  target,
  method,
  n,
  estimate,
  p_value,
  q_value,
  replication_n,
  replication_estimate,
  replication_p_value,
  replication_q_value,
  CASE WHEN method <> 'kruskal' THEN sign(estimate) = sign(replication_estimate) END AS same_sign,
  1 - 2 / (exp(2 * (weight * z + other_weight * other_z) / (weight + other_weight)) + 1)
    AS combined_estimate,
  (weight * z + other_weight * other_z) / sqrt(weight + other_weight) AS combined_z,
  (z - other_z) / sqrt(1 / weight + 1 / other_weight) AS heterogeneity_z,
  run_name,
  replication_run_name,
  analysis_run_id,
  replication_run_id
FROM paired
