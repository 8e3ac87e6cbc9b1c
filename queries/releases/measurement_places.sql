-- title: To which row and group of columns each measurement belongs
-- grain: a measurement
-- reference: imaging.measurement
--
-- release_place and release_group are given: they say which number stands for what.
SELECT
  measurement.measurement_id,
  release_place.row_no,
  release_group.group_no
FROM imaging.measurement
JOIN imaging.segmentation
  ON segmentation.cohort_id = measurement.cohort_id
  AND segmentation.segmentation_id = measurement.segmentation_id
JOIN imaging.series
  ON series.cohort_id = measurement.cohort_id
  AND series.series_id = measurement.series_id
JOIN imaging.extraction ON extraction.extraction_id = measurement.extraction_id
JOIN release_place
  ON release_place.cohort_id = segmentation.cohort_id
  AND release_place.patient_id = segmentation.patient_id
  AND release_place.timepoint_id = segmentation.timepoint_id
JOIN release_group
  ON release_group.timepoint_id = segmentation.timepoint_id
  AND release_group.sequence = series.sequence
  AND release_group.region = segmentation.region
  AND release_group.profile = extraction.profile
  AND release_group.engine = extraction.engine
WHERE measurement.current
  AND measurement.status = 'ok'
ORDER BY measurement.measurement_id
