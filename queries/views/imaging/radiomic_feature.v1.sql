-- title: Every radiomic feature value with what it was measured on
-- grain: a feature of a measurement
-- reference: Zwanenburg et al. 2020, doi 10.1148/radiol.2020191145, for the IBSI codes
-- since: 0.1.0
--
-- The stored facts with patient, visit, image, region, lesion, rater, settings and the feature's
-- name joined on. Values that are undefined are rows too: value is NULL and value_status says
-- why. A measurement without any value (a failed or absent region) has no row here; it stands in
-- mart.coverage. Older extractions stay, with current = false. Perturbations (repeat_no above 1000),
-- whose values only tell how stable others are, are left out.
SELECT
  feature_value.cohort_id,
  segmentation.patient_id,
  patient.person_id,
  segmentation.timepoint_id,
  timepoint.study_day,
  timepoint.visit_order,
  series.modality,
  series.sequence,
  segmentation.region,
  segmentation.lesion_id,
  segmentation.rater_id,
  segmentation.repeat_no,
  extraction.profile,
  extraction.engine,
  feature.feature,
  feature.image_type,
  feature.class AS feature_class,
  feature.name AS feature_name,
  feature.ibsi_code,
  feature.ibsi_status,
  feature.unit,
  feature_value.value,
  feature_value.value_status,
  feature_value.value_reason,
  extraction.value_scale,
  measurement.current,
  feature_value.measurement_id,
  feature_value.feature_id,
  measurement.segmentation_id,
  measurement.series_id,
  measurement.extraction_id
FROM imaging.feature_value
JOIN vocab.feature ON feature.feature_id = feature_value.feature_id
JOIN imaging.measurement
  ON measurement.cohort_id = feature_value.cohort_id
  AND measurement.measurement_id = feature_value.measurement_id
JOIN imaging.segmentation ON segmentation.segmentation_id = measurement.segmentation_id
JOIN imaging.series ON series.series_id = measurement.series_id
JOIN imaging.extraction ON extraction.extraction_id = measurement.extraction_id
JOIN study.timepoint
  ON timepoint.cohort_id = segmentation.cohort_id
  AND timepoint.patient_id = segmentation.patient_id
  AND timepoint.timepoint_id = segmentation.timepoint_id
JOIN study.patient
  ON patient.cohort_id = segmentation.cohort_id
  AND patient.patient_id = segmentation.patient_id
WHERE segmentation.repeat_no <= 1000
