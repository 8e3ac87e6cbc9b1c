-- title: The batches that an image belongs to
-- grain: a series x a way of telling batches apart
-- reference: none; batch_source says what the batch is
-- since: 0.1.0
--
-- batch_source is site (of the patient), scanner (as delivered, else manufacturer and model), kernel
-- (the convolution kernel), or variable: then batch_variable is a clinical variable, and the batch
-- its value at the visit. A series whose batch is not known has no row.
SELECT
  series.cohort_id,
  series.series_id,
  'site' AS batch_source,
  CAST(NULL AS VARCHAR) AS batch_variable,
  patient.site AS batch
FROM imaging.series
JOIN study.patient
  ON patient.cohort_id = series.cohort_id
  AND patient.patient_id = series.patient_id
WHERE patient.site IS NOT NULL
UNION ALL
SELECT
  cohort_id,
  series_id,
  'scanner',
  NULL,
  coalesce(scanner, manufacturer || ' ' || manufacturer_model)
FROM imaging.series
WHERE coalesce(scanner, manufacturer || ' ' || manufacturer_model) IS NOT NULL
UNION ALL
SELECT
  cohort_id,
  series_id,
  'kernel',
  NULL,
  convolution_kernel
FROM imaging.series
WHERE convolution_kernel IS NOT NULL
UNION ALL
SELECT
  series.cohort_id,
  series.series_id,
  'variable',
  clinical.variable,
  clinical.value_text
FROM imaging.series
JOIN mart_versions.visit_clinical_value_v1 AS clinical
  ON clinical.cohort_id = series.cohort_id
  AND clinical.patient_id = series.patient_id
  AND clinical.timepoint_id = series.timepoint_id
