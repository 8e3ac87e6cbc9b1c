-- title: The asked features of single measurements, in numbers alone
-- grain: a measurement x feature
-- reference: mart.patient_feature, which picks rater, series and lesion by the rules of study.yaml
--
-- release_measurement and release_feature are given: to which row and group of columns a measurement
-- belongs is known beforehand, so that no text is compared with millions of rows.
SELECT
  patient_feature.measurement_id,
  release_feature.feature_no,
  patient_feature.value
FROM mart.patient_feature AS patient_feature
JOIN release_measurement ON release_measurement.measurement_id = patient_feature.measurement_id
JOIN release_feature
  ON release_feature.engine = patient_feature.engine
  AND release_feature.feature = patient_feature.feature
WHERE patient_feature.value IS NOT NULL
  AND patient_feature.measurement_id IS NOT NULL
