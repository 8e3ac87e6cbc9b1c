-- title: Which batch of a harmonization model a measurement belongs to
-- grain: a current measurement x a model of a current run
-- reference: result.harmonization_model
-- since: 0.1.0
--
-- Of the measurements that gave values, those of the cohort, region, sequence, profile and engine
-- of the model, at any visit and by any rater, perturbed masks (repeat_no above 1000) left out.
-- cell_no is that of mart.harmonization_cell. design holds
-- the covariates that the model preserves, as numbers in the order of their place: a number as it
-- is, a class as 1 and the others as 0. reason says why values cannot be harmonized: batch_missing,
-- unseen_batch (no person who was fitted is of it), covariate_missing (also a class that was not
-- fitted). was_fitted says whether the model was fitted on this person's values of this visit.
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
design AS (
  SELECT
    harmonization_covariate.analysis_run_id, harmonization_covariate.cohort_id,
    harmonization_covariate.sequence, harmonization_covariate.region,
    harmonization_covariate.profile, harmonization_covariate.engine,
    visit_variable.patient_id, visit_variable.timepoint_id,
    -- one row of a covariate fits: its number, or the class of the patient
    count(*) FILTER (
      (harmonization_covariate.level IS NULL AND visit_variable.value_number IS NOT NULL)
      OR harmonization_covariate.level = visit_variable.value_text
    ) AS n_known,
    list(
      CASE
        WHEN harmonization_covariate.level IS NULL THEN visit_variable.value_number
        ELSE CAST(harmonization_covariate.level = visit_variable.value_text AS DOUBLE)
      END ORDER BY harmonization_covariate.place
    ) FILTER (harmonization_covariate.place > 0) AS design
  FROM result.harmonization_covariate
  JOIN mart_versions.visit_variable_v1 AS visit_variable
    ON visit_variable.cohort_id = harmonization_covariate.cohort_id
    AND visit_variable.source = harmonization_covariate.source
    AND visit_variable.variable = harmonization_covariate.variable
  WHERE harmonization_covariate.preserved
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
  CASE WHEN design.n_known = covariate.n_covariates THEN design.design END AS design,
  CASE
    WHEN series_batch.batch IS NULL THEN 'batch_missing'
    WHEN cell.cell_no IS NULL THEN 'unseen_batch'
    WHEN coalesce(design.n_known, 0) < covariate.n_covariates THEN 'covariate_missing'
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
LEFT JOIN design
  ON design.analysis_run_id = model.analysis_run_id
  AND design.cohort_id = measured.cohort_id
  AND design.sequence = measured.sequence
  AND design.region = measured.region
  AND design.profile = measured.profile
  AND design.engine = measured.engine
  AND design.patient_id = measured.patient_id
  AND design.timepoint_id = measured.timepoint_id
LEFT JOIN result.harmonization_person
  ON harmonization_person.analysis_run_id = model.analysis_run_id
  AND harmonization_person.cohort_id = measured.cohort_id
  AND harmonization_person.sequence = measured.sequence
  AND harmonization_person.region = measured.region
  AND harmonization_person.profile = measured.profile
  AND harmonization_person.engine = measured.engine
  AND harmonization_person.person_id = measured.person_id
