-- title: The value of a feature, by its name, in a measurement
-- grain: one row, or none
-- reference: imaging.feature_value, vocab.feature
SELECT
  feature_value.measurement_id,
  feature_value.feature_id
FROM imaging.feature_value
JOIN imaging.measurement
  ON measurement.cohort_id = feature_value.cohort_id
  AND measurement.measurement_id = feature_value.measurement_id
JOIN imaging.extraction ON extraction.extraction_id = measurement.extraction_id
JOIN vocab.feature
  ON feature.feature_id = feature_value.feature_id
  AND feature.engine = extraction.engine
WHERE feature_value.measurement_id = $measurement_id
  AND feature.feature = $feature
