-- title: The features that there are
-- grain: a feature of an engine
-- reference: vocab.feature
SELECT
  feature_id, engine, feature, image_type, class, name, ibsi_code, ibsi_aggregation, ibsi_status,
  unit, volume_dependent
FROM vocab.feature
ORDER BY engine, feature
