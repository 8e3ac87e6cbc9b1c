-- title: Change of features of persons between two visits
-- grain: a feature of a person in a region of a sequence under a profile
-- reference: mart.delta_pair; mart.patient_feature at the earlier visit, which picks rater, series and lesion
--
-- The measurement that the rules of study.yaml pick at the earlier visit is followed to the later
-- one. The mean of several lesions is no measurement, so nobody can be followed by it. Where there
-- is no change the value is NULL, and delta_status says why.
WITH chosen AS (
  SELECT DISTINCT measurement_id, n_lesions
  FROM mart.patient_feature
  WHERE cohort_id = ANY($cohorts)
    AND timepoint_id = $baseline
)
SELECT
  pair.person_id,
  pair.cohort_id,
  patient.site,
  pair.timepoint_id,
  pair.sequence,
  pair.region,
  pair.profile,
  pair.feature,
  feature.class IN ('shape', 'morphology') AS is_shape,
  chosen.n_lesions,
  pair.baseline_value,
  CASE $form
    WHEN 'absolute' THEN pair.delta_absolute
    WHEN 'relative' THEN pair.delta_relative
    WHEN 'symmetric' THEN pair.delta_symmetric
    WHEN 'log_ratio' THEN pair.delta_log_ratio
    WHEN 'per_day' THEN pair.delta_per_day
  END AS value,
  pair.delta_status
FROM mart.delta_pair AS pair
JOIN chosen ON chosen.measurement_id = pair.baseline_measurement_id
LEFT JOIN study.patient
  ON patient.cohort_id = pair.cohort_id
  AND patient.patient_id = pair.patient_id
LEFT JOIN vocab.feature
  ON feature.engine = pair.engine
  AND feature.feature = pair.feature
WHERE pair.cohort_id = ANY($cohorts)
  AND pair.baseline_timepoint_id = $baseline
  AND pair.timepoint_id = $timepoint
  AND ($regions IS NULL OR list_contains(CAST($regions AS VARCHAR[]), pair.region))
  AND ($sequences IS NULL OR list_contains(CAST($sequences AS VARCHAR[]), pair.sequence))
  AND ($profiles IS NULL OR list_contains(CAST($profiles AS VARCHAR[]), pair.profile))
  AND ($features IS NULL OR list_contains(CAST($features AS VARCHAR[]), pair.feature))
ORDER BY pair.sequence, pair.region, pair.profile, pair.feature, pair.person_id
