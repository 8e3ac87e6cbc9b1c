-- title: What was measured, feature by feature apart
-- grain: a timepoint x sequence x region x profile x engine
-- reference: imaging.measurement
SELECT DISTINCT
  segmentation.timepoint_id,
  series.sequence,
  segmentation.region,
  extraction.profile,
  extraction.engine,
  extraction.value_scale
FROM imaging.measurement
JOIN imaging.segmentation ON segmentation.segmentation_id = measurement.segmentation_id
JOIN imaging.series ON series.series_id = measurement.series_id
JOIN imaging.extraction ON extraction.extraction_id = measurement.extraction_id
WHERE measurement.current
  AND segmentation.repeat_no <= 1000
  AND series.modality IS DISTINCT FROM 'RTDOSE'
ORDER BY ALL
