-- title: Raw values of persons at one visit
-- grain: a feature of a person in a region of a sequence under a profile of an engine
-- reference: mart.patient_feature, which picks rater and lesion by the rules of study.yaml
SELECT
  person_id,
  sequence,
  region,
  profile,
  engine,
  feature,
  value
FROM mart.patient_feature
WHERE cohort_id = $cohort_id
  AND timepoint_id = $timepoint
  AND value_scale = 'raw'
  AND ($regions IS NULL OR list_contains(CAST($regions AS VARCHAR[]), region))
  AND ($sequences IS NULL OR list_contains(CAST($sequences AS VARCHAR[]), sequence))
  AND ($profiles IS NULL OR list_contains(CAST($profiles AS VARCHAR[]), profile))
  AND ($features IS NULL OR list_contains(CAST($features AS VARCHAR[]), feature))
  AND ($persons IS NULL OR person_id IN (SELECT unnest(CAST($persons AS VARCHAR[]))))
  AND isfinite(value)
ORDER BY sequence, region, profile, engine, feature, person_id
