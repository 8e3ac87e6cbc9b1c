-- title: The batches of the current harmonization models, numbered
-- grain: a batch of a model of a current run, and for each model one more without a batch
-- reference: result.harmonization_model, result.harmonization_batch
-- since: 0.1.0
--
-- The row without a batch stands for the measurements whose batch the model does not know.
-- cell_no numbers the rows, so that other views meet on one number.
WITH model AS (
  SELECT
    analysis_run.name AS run_name,
    harmonization_model.analysis_run_id, harmonization_model.cohort_id,
    harmonization_model.sequence, harmonization_model.region, harmonization_model.profile,
    harmonization_model.engine, harmonization_model.timepoint_id,
    harmonization_model.batch_source, harmonization_model.batch_variable,
    harmonization_model.persons
  FROM result.harmonization_model
  JOIN ops.analysis_run ON analysis_run.analysis_run_id = harmonization_model.analysis_run_id
  WHERE analysis_run.current
),
cell AS (
  SELECT
    model.run_name, model.analysis_run_id, model.cohort_id, model.sequence, model.region,
    model.profile, model.engine, model.timepoint_id, model.batch_source, model.batch_variable,
    model.persons, harmonization_batch.batch
  FROM model
  JOIN result.harmonization_batch
    USING (analysis_run_id, cohort_id, sequence, region, profile, engine)
  UNION ALL
  SELECT
    run_name, analysis_run_id, cohort_id, sequence, region, profile, engine, timepoint_id,
    batch_source, batch_variable, persons, NULL
  FROM model
)
SELECT
  run_name,
  analysis_run_id,
  cohort_id,
  sequence,
  region,
  profile,
  engine,
  timepoint_id AS fitted_timepoint_id,
  batch_source,
  batch_variable,
  persons,
  batch,
  row_number() OVER (
    ORDER BY analysis_run_id, cohort_id, sequence, region, profile, engine, batch NULLS FIRST
  ) AS cell_no
FROM cell
