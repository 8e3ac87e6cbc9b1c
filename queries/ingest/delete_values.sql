-- title: Delete the values of measurements that are made again
-- grain: a feature of a measurement
-- reference: imaging.feature_value
DELETE FROM imaging.feature_value
WHERE cohort_id = $cohort_id
  AND measurement_id IN (SELECT unnest($measurement_ids))
