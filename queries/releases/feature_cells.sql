-- title: The asked features of single measurements, in numbers alone
-- grain: a measurement x feature
-- reference: mart.patient_measurement, which picks rater, series and lesion by the rules of study.yaml
--
-- release_measurement holds the measurements that the view picks, release_feature the features: to
-- which row and group of columns they belong is known beforehand, so that no text is compared with
-- millions of rows.
SELECT
  release_measurement.place_no,
  release_feature.feature_no,
  feature_value.value
FROM imaging.feature_value
JOIN release_measurement ON release_measurement.measurement_id = feature_value.measurement_id
JOIN release_feature ON release_feature.feature_id = feature_value.feature_id
WHERE feature_value.value_status = 'ok'
  AND feature_value.value IS NOT NULL
