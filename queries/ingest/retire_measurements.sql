-- title: Say which measurement of each region, image and profile is the current one
-- grain: the measurements of the cohort
-- reference: imaging.measurement.current
--
-- The current one is the newest of one profile and engine. Its numbers may come from an older
-- version of the engine where only some of the work was done again.
UPDATE imaging.measurement
SET current = (measurement_id IN (
  SELECT arg_max(newest.measurement_id, (newest.ingested_at, newest.measurement_id))
  FROM imaging.measurement AS newest
  JOIN imaging.extraction ON extraction.extraction_id = newest.extraction_id
  WHERE newest.cohort_id = $cohort_id
  GROUP BY newest.segmentation_id, newest.series_id, extraction.profile, extraction.engine
))
WHERE cohort_id = $cohort_id
  AND segmentation_id IN (
    SELECT again.segmentation_id
    FROM imaging.measurement AS again
    JOIN imaging.extraction ON extraction.extraction_id = again.extraction_id
    WHERE again.cohort_id = $cohort_id
      AND again.current
    GROUP BY again.segmentation_id, again.series_id, extraction.profile, extraction.engine
    HAVING count(*) > 1
  )
