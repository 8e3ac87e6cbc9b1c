-- title: Say which measurement of each region, image and profile is the current one
-- grain: the measurements of the cohort whose state changes
-- reference: imaging.measurement.current
--
-- Of one profile and engine it is the one of an extraction that is wanted now, $extraction_ids;
-- where none is wanted, the current one stays; else it is the newest. So a profile that is changed
-- and changed back has its first values again.
UPDATE imaging.measurement
SET current = NOT current
WHERE cohort_id = $cohort_id
  AND current <> (measurement_id IN (
    SELECT arg_max(
      candidate.measurement_id,
      (
        list_contains($extraction_ids, candidate.extraction_id),
        candidate.current,
        candidate.ingested_at,
        candidate.measurement_id
      )
    )
    FROM imaging.measurement AS candidate
    JOIN imaging.extraction ON extraction.extraction_id = candidate.extraction_id
    WHERE candidate.cohort_id = $cohort_id
    GROUP BY
      candidate.segmentation_id, candidate.series_id, extraction.profile, extraction.engine
  ))
