-- title: The asked changes of features of single measurements, in numbers alone
-- grain: a measurement x feature
-- reference: mart.delta_radiomics, of the measurements that mart.patient_measurement picks
--
-- release_measurement and release_feature are given, as for the features themselves.
WITH delta AS (
  SELECT
    engine, feature, measurement_id, baseline_measurement_id,
    CASE $measure
      WHEN 'delta_absolute' THEN delta_absolute
      WHEN 'delta_relative' THEN delta_relative
      WHEN 'delta_log_ratio' THEN delta_log_ratio
      WHEN 'delta_per_day' THEN delta_per_day
    END AS value
  FROM mart.delta_radiomics
)
SELECT
  release_measurement.place_no,
  release_feature.feature_no,
  delta.value,
  delta.baseline_measurement_id
FROM delta
JOIN release_measurement ON release_measurement.measurement_id = delta.measurement_id
JOIN release_feature
  ON release_feature.engine = delta.engine
  AND release_feature.feature = delta.feature
WHERE delta.value IS NOT NULL
