-- title: Volume of the region of each person's features
-- grain: a person x sequence x region x profile
-- reference: mart.patient_feature
SELECT
  person_id,
  sequence,
  region,
  profile,
  max(volume_mm3) AS value
FROM mart.patient_feature
WHERE cohort_id = ANY($cohorts)
  AND timepoint_id = $timepoint
  AND volume_mm3 IS NOT NULL
GROUP BY person_id, sequence, region, profile
ORDER BY sequence, region, profile, person_id
