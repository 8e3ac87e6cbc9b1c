-- title: Which batch of a harmonization model a measurement belongs to
-- grain: a current measurement x a model of a current run
-- reference: result.harmonization_model, result.harmonization_cell
-- since: 0.1.0
--
-- Of the measurements that gave values, those of the cohort, region, sequence, profile and engine
-- of the model, at any visit and by any rater, perturbed masks (repeat_no above 1000) left out.
-- cell_no is that of result.harmonization_cell; where the batch is none of the model's it is that of
-- its first batch, so that the features of the model are found, and reason says why their values
-- cannot be harmonized: batch_missing, unseen_batch (no person who was fitted is of it). The
-- n_covariates that the model preserves stand in mart.harmonization_design, if they are known.
-- was_fitted says whether the model was fitted on this person's values of this visit.
WITH model AS (
  SELECT
    analysis_run.name AS run_name, analysis_run_id,
    harmonization_model.cohort_id, harmonization_model.sequence, harmonization_model.region,
    harmonization_model.profile, harmonization_model.engine,
    harmonization_model.timepoint_id AS fitted_timepoint_id, harmonization_model.batch_source,
    harmonization_model.batch_variable, harmonization_model.persons,
    min(harmonization_batch.batch) AS first_batch
  FROM result.harmonization_model
  JOIN ops.analysis_run USING (analysis_run_id)
  JOIN result.harmonization_batch
    USING (analysis_run_id, cohort_id, sequence, region, profile, engine)
  WHERE analysis_run.current
  GROUP BY ALL
),
covariate AS (
  SELECT
    analysis_run_id, cohort_id, sequence, region, profile, engine,
    count(DISTINCT (source, variable)) AS n_covariates
  FROM result.harmonization_covariate
  WHERE preserved
  GROUP BY ALL
),
measured AS (
  SELECT
    measurement.measurement_id, segmentation.cohort_id, segmentation.patient_id,
    segmentation.timepoint_id, series.series_id, series.sequence, segmentation.region,
    extraction.profile, extraction.engine, patient.person_id
  FROM imaging.measurement
  JOIN imaging.segmentation ON segmentation.segmentation_id = measurement.segmentation_id
  JOIN imaging.series ON series.series_id = measurement.series_id
  JOIN imaging.extraction ON extraction.extraction_id = measurement.extraction_id
  JOIN study.patient
    ON patient.cohort_id = segmentation.cohort_id
    AND patient.patient_id = segmentation.patient_id
  WHERE measurement.current
    AND measurement.status = 'ok'
    AND extraction.value_scale = 'raw'
    -- those above are perturbations, made to judge stability
    AND segmentation.repeat_no <= 1000
)
SELECT
  model.run_name,
  model.analysis_run_id,
  measured.cohort_id,
  measured.measurement_id,
  measured.person_id,
  measured.timepoint_id,
  model.persons,
  series_batch.batch,
  cell.cell_no,
  coalesce(covariate.n_covariates, 0) AS n_covariates,
  CASE
    WHEN series_batch.batch IS NULL THEN 'batch_missing'
    WHEN fitted.batch IS NULL THEN 'unseen_batch'
  END AS reason,
  harmonization_person.person_id IS NOT NULL
  AND measured.timepoint_id = model.fitted_timepoint_id AS was_fitted
FROM measured
JOIN model USING (cohort_id, sequence, region, profile, engine)
LEFT JOIN mart_versions.series_batch_v1 AS series_batch
  ON series_batch.cohort_id = measured.cohort_id
  AND series_batch.series_id = measured.series_id
  AND series_batch.batch_source = model.batch_source
  AND coalesce(series_batch.batch_variable, '') = coalesce(model.batch_variable, '')
LEFT JOIN result.harmonization_batch AS fitted
  ON fitted.analysis_run_id = model.analysis_run_id
  AND fitted.cohort_id = measured.cohort_id
  AND fitted.sequence = measured.sequence
  AND fitted.region = measured.region
  AND fitted.profile = measured.profile
  AND fitted.engine = measured.engine
  AND fitted.batch = series_batch.batch
JOIN result.harmonization_cell AS cell
  ON cell.run_name = model.run_name
  AND cell.cohort_id = measured.cohort_id
  AND cell.sequence = measured.sequence
  AND cell.region = measured.region
  AND cell.profile = measured.profile
  AND cell.engine = measured.engine
  AND cell.batch = coalesce(fitted.batch, model.first_batch)
LEFT JOIN covariate
  ON covariate.analysis_run_id = model.analysis_run_id
  AND covariate.cohort_id = measured.cohort_id
  AND covariate.sequence = measured.sequence
  AND covariate.region = measured.region
  AND covariate.profile = measured.profile
  AND covariate.engine = measured.engine
LEFT JOIN result.harmonization_person
  ON harmonization_person.analysis_run_id = model.analysis_run_id
  AND harmonization_person.cohort_id = measured.cohort_id
  AND harmonization_person.sequence = measured.sequence
  AND harmonization_person.region = measured.region
  AND harmonization_person.profile = measured.profile
  AND harmonization_person.engine = measured.engine
  AND harmonization_person.person_id = measured.person_id
