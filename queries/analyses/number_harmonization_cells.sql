-- title: Number the batches of a harmonization run, each once for the name of the run
-- grain: a batch of a model of the run that has no number yet
-- reference: ops.analysis_run, result.harmonization_batch, result.harmonization_cell
--
-- The next run of that name finds the numbers, and no two runs that are current share one. They
-- follow one another by 512, and the next 512 begin 2^32 further: 512 x feature_id lies between.
INSERT INTO result.harmonization_cell BY NAME
WITH fresh AS (
  SELECT
    analysis_run.name AS run_name, batch.cohort_id, batch.sequence, batch.region, batch.profile,
    batch.engine, batch.batch
  FROM result.harmonization_batch AS batch
  JOIN ops.analysis_run ON analysis_run.analysis_run_id = batch.analysis_run_id
  WHERE batch.analysis_run_id = $analysis_run_id
  EXCEPT
  SELECT run_name, cohort_id, sequence, region, profile, engine, batch
  FROM result.harmonization_cell
),
placed AS (
  SELECT
    *,
    (
      SELECT coalesce(max(cell_no // 4294967296 * 512 + cell_no % 4294967296) + 1, 0)
      FROM result.harmonization_cell
    )
    + row_number() OVER (ORDER BY run_name, cohort_id, sequence, region, profile, engine, batch)
    - 1 AS place
  FROM fresh
)
SELECT
  run_name,
  cohort_id,
  sequence,
  region,
  profile,
  engine,
  batch,
  place // 512 * 4294967296 + place % 512 AS cell_no
FROM placed
