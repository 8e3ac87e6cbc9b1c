-- title: Features of persons at one visit
-- grain: a feature of a person in a region of a sequence under a profile
-- reference: mart.patient_feature, which picks rater and lesion by the rules of study.yaml
SELECT
  person_id,
  timepoint_id,
  sequence,
  region,
  profile,
  feature,
  value
FROM mart.patient_feature
WHERE cohort_id = $cohort_id
  AND timepoint_id = $timepoint
  AND ($regions IS NULL OR list_contains(CAST($regions AS VARCHAR[]), region))
  AND ($sequences IS NULL OR list_contains(CAST($sequences AS VARCHAR[]), sequence))
  AND ($profiles IS NULL OR list_contains(CAST($profiles AS VARCHAR[]), profile))
  AND ($features IS NULL OR list_contains(CAST($features AS VARCHAR[]), feature))
  AND value IS NOT NULL
ORDER BY sequence, region, profile, feature, person_id
