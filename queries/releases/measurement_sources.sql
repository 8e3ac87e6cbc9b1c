-- title: Where measurements came from
-- grain: a measurement
-- reference: imaging.measurement; release_measurement is given
SELECT
  measurement.measurement_id,
  measurement.cohort_id,
  segmentation.patient_id,
  segmentation.timepoint_id,
  timepoint.study_day,
  measurement.batch_id,
  measurement.extraction_id,
  extraction.engine,
  extraction.engine_version,
  extraction.settings_hash,
  extraction.value_scale
FROM imaging.measurement
JOIN release_measurement ON release_measurement.measurement_id = measurement.measurement_id
JOIN imaging.segmentation ON segmentation.segmentation_id = measurement.segmentation_id
JOIN imaging.extraction ON extraction.extraction_id = measurement.extraction_id
LEFT JOIN study.timepoint
  ON timepoint.cohort_id = measurement.cohort_id
  AND timepoint.patient_id = segmentation.patient_id
  AND timepoint.timepoint_id = segmentation.timepoint_id
ORDER BY measurement.measurement_id
