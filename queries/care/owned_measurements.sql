-- title: Measurements of the images and regions that are erased
-- grain: a measurement
-- reference: imaging.measurement, erased_segmentation, erased_series
SELECT measurement_id
FROM imaging.measurement
WHERE segmentation_id IN (SELECT segmentation_id FROM erased_segmentation)
  OR series_id IN (SELECT series_id FROM erased_series)
