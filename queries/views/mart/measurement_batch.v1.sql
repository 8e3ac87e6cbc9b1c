-- title: Which batch of a harmonization model a measurement belongs to
-- grain: a current measurement x a model of a current run
-- reference: result.harmonization_model
-- since: 0.1.0
--
-- Of the measurements that gave values, those of the cohort, region, sequence, profile and engine
-- of the model, at any visit and by any rater, perturbed masks (repeat_no above 1000) left out.
-- cell_no is that of mart.harmonization_cell, design_no that of mart.harmonization_design, where the
-- n_covariates that the model preserves stand, if they are known. reason says why values cannot be
-- harmonized: batch_missing, unseen_batch (no person who was fitted is of it). was_fitted says
-- whether the model was fitted on this person's values of this visit.
WITH model AS (
  SELECT
    run_name, analysis_run_id, cohort_id, sequence, region, profile, engine, fitted_timepoint_id,
    batch_source, batch_variable, persons, cell_no
  FROM mart_versions.harmonization_cell_v1
  WHERE batch IS NULL
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
  coalesce(cell.cell_no, model.cell_no) AS cell_no,
  coalesce(covariate.n_covariates, 0) AS n_covariates,
  model.cell_no * 4294967296 + visit_number.visit_no AS design_no,
  CASE
    WHEN series_batch.batch IS NULL THEN 'batch_missing'
    WHEN cell.cell_no IS NULL THEN 'unseen_batch'
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
LEFT JOIN mart_versions.harmonization_cell_v1 AS cell
  ON cell.analysis_run_id = model.analysis_run_id
  AND cell.cohort_id = measured.cohort_id
  AND cell.sequence = measured.sequence
  AND cell.region = measured.region
  AND cell.profile = measured.profile
  AND cell.engine = measured.engine
  AND cell.batch = series_batch.batch
LEFT JOIN covariate
  ON covariate.analysis_run_id = model.analysis_run_id
  AND covariate.cohort_id = measured.cohort_id
  AND covariate.sequence = measured.sequence
  AND covariate.region = measured.region
  AND covariate.profile = measured.profile
  AND covariate.engine = measured.engine
LEFT JOIN mart_versions.visit_number_v1 AS visit_number
  ON visit_number.cohort_id = measured.cohort_id
  AND visit_number.patient_id = measured.patient_id
  AND visit_number.timepoint_id = measured.timepoint_id
LEFT JOIN result.harmonization_person
  ON harmonization_person.analysis_run_id = model.analysis_run_id
  AND harmonization_person.cohort_id = measured.cohort_id
  AND harmonization_person.sequence = measured.sequence
  AND harmonization_person.region = measured.region
  AND harmonization_person.profile = measured.profile
  AND harmonization_person.engine = measured.engine
  AND harmonization_person.person_id = measured.person_id
