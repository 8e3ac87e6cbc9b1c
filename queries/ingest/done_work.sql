-- title: Extractions that a cohort has
-- grain: a measurement
-- reference: imaging.measurement
SELECT
  segmentation_id,
  series_id,
  extraction_id,
  measurement_id,
  work_key,
  current,
  path IS NOT DISTINCT FROM 'table' AS from_table
FROM imaging.measurement
WHERE cohort_id = $cohort_id
