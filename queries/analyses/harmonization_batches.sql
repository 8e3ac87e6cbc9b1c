-- title: Batch of persons at one visit
-- grain: a person in a region of a sequence under a profile of an engine
-- reference: mart.series_batch; of several lesions the batch that all have
SELECT
  chosen.person_id,
  chosen.sequence,
  chosen.region,
  chosen.profile,
  chosen.engine,
  CASE
    WHEN count(series_batch.batch) = count(*) AND min(series_batch.batch) = max(series_batch.batch)
      THEN min(series_batch.batch)
  END AS batch
FROM mart.patient_measurement AS chosen
LEFT JOIN mart.series_batch
  ON series_batch.cohort_id = chosen.cohort_id
  AND series_batch.series_id = chosen.series_id
  AND series_batch.batch_source = $batch_source
  AND coalesce(series_batch.batch_variable, '') = $batch_variable
WHERE chosen.cohort_id = $cohort_id
  AND chosen.timepoint_id = $timepoint
GROUP BY chosen.person_id, chosen.sequence, chosen.region, chosen.profile, chosen.engine
ORDER BY ALL
