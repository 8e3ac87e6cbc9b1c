-- title: The highest number of a measurement
-- grain: one row
-- reference: imaging.measurement
SELECT coalesce(max(measurement_id), 0) AS measurement_id
FROM imaging.measurement
