-- title: Repeated measurements of the asked features
-- grain: a feature of a target as one rater has it
-- reference: analyses/stability_ratings, whose designs these are; release_rated and release_patient are given
WITH reference AS (
  SELECT max(value) AS rater_id
  FROM study.setting
  WHERE name = 'reference_rater'
)
SELECT
  release_rated.key_no,
  release_patient.person_id,
  CASE
    WHEN $design = 'test_retest'
      THEN concat_ws('|', segmentation.cohort_id, segmentation.patient_id, segmentation.lesion_id)
    ELSE concat_ws(
      '|', segmentation.cohort_id, segmentation.patient_id, segmentation.timepoint_id,
      segmentation.lesion_id
    )
  END AS target,
  CASE $design
    WHEN 'inter_rater' THEN segmentation.rater_id
    WHEN 'intra_rater' THEN CAST(segmentation.repeat_no AS VARCHAR)
    WHEN 'test_retest' THEN segmentation.timepoint_id
  END AS rater,
  feature_value.value
FROM imaging.measurement
JOIN imaging.segmentation ON segmentation.segmentation_id = measurement.segmentation_id
JOIN imaging.series ON series.series_id = measurement.series_id
JOIN imaging.extraction ON extraction.extraction_id = measurement.extraction_id
JOIN release_patient
  ON release_patient.cohort_id = segmentation.cohort_id
  AND release_patient.patient_id = segmentation.patient_id
JOIN imaging.feature_value
  ON feature_value.cohort_id = measurement.cohort_id
  AND feature_value.measurement_id = measurement.measurement_id
JOIN vocab.feature ON feature.feature_id = feature_value.feature_id
JOIN release_rated
  ON release_rated.sequence = series.sequence
  AND release_rated.region = segmentation.region
  AND release_rated.profile = extraction.profile
  AND release_rated.engine = extraction.engine
  AND release_rated.feature = feature.feature
CROSS JOIN reference
WHERE measurement.current
  AND segmentation.repeat_no <= 1000
  AND measurement.status = 'ok'
  AND feature_value.value_status = 'ok'
  AND extraction.value_scale = 'raw'
  AND ($timepoints IS NULL OR list_contains(CAST($timepoints AS VARCHAR[]), segmentation.timepoint_id))
  AND ($design = 'intra_rater' OR segmentation.repeat_no = 1)
  AND (
    $design = 'inter_rater'
    OR reference.rater_id IS NULL
    OR segmentation.rater_id = reference.rater_id
  )
ORDER BY ALL
