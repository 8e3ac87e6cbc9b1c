-- title: Persons whom no rule of study.yaml settles on one row
-- grain: a person with several raters of a region, where no reference_rater is named
-- reference: mart.patient_feature, which has no row of them
WITH measured AS (
  SELECT
    patient.person_id, series.sequence, segmentation.region, extraction.profile,
    segmentation.rater_id
  FROM imaging.measurement
  JOIN imaging.segmentation ON segmentation.segmentation_id = measurement.segmentation_id
  JOIN imaging.series ON series.series_id = measurement.series_id
  JOIN imaging.extraction ON extraction.extraction_id = measurement.extraction_id
  JOIN study.patient
    ON patient.cohort_id = segmentation.cohort_id
    AND patient.patient_id = segmentation.patient_id
  WHERE measurement.cohort_id = ANY($cohorts)
    AND measurement.current
    AND segmentation.repeat_no = 1
    AND segmentation.timepoint_id = $timepoint
    AND ($regions IS NULL OR list_contains(CAST($regions AS VARCHAR[]), segmentation.region))
    AND ($sequences IS NULL OR list_contains(CAST($sequences AS VARCHAR[]), series.sequence))
    AND ($profiles IS NULL OR list_contains(CAST($profiles AS VARCHAR[]), extraction.profile))
)
SELECT DISTINCT person_id
FROM measured
WHERE NOT EXISTS (
  SELECT value
  FROM study.setting
  WHERE name = 'reference_rater'
    AND value IS NOT NULL
)
GROUP BY person_id, sequence, region, profile
HAVING min(rater_id) < max(rater_id)
ORDER BY person_id
