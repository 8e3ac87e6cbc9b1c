-- title: Features of persons at one visit
-- grain: a feature of a person in a region of a sequence under a profile
-- reference: mart.patient_feature, which picks rater, series and lesion by the rules of study.yaml
SELECT
  patient_feature.person_id,
  patient_feature.cohort_id,
  patient.site,
  patient_feature.timepoint_id,
  patient_feature.sequence,
  patient_feature.region,
  patient_feature.profile,
  patient_feature.feature,
  feature.class IN ('shape', 'morphology') AS is_shape,
  patient_feature.n_lesions,
  patient_feature.value
FROM mart.patient_feature
LEFT JOIN study.patient
  ON patient.cohort_id = patient_feature.cohort_id
  AND patient.patient_id = patient_feature.patient_id
LEFT JOIN vocab.feature
  ON feature.engine = patient_feature.engine
  AND feature.feature = patient_feature.feature
WHERE patient_feature.cohort_id = ANY($cohorts)
  AND patient_feature.timepoint_id = $timepoint
  AND (
    $regions IS NULL
    OR list_contains(CAST($regions AS VARCHAR[]), patient_feature.region)
  )
  AND (
    $sequences IS NULL
    OR list_contains(CAST($sequences AS VARCHAR[]), patient_feature.sequence)
  )
  AND (
    $profiles IS NULL
    OR list_contains(CAST($profiles AS VARCHAR[]), patient_feature.profile)
  )
  AND (
    $features IS NULL
    OR list_contains(CAST($features AS VARCHAR[]), patient_feature.feature)
  )
  AND patient_feature.value IS NOT NULL
ORDER BY
  patient_feature.sequence, patient_feature.region, patient_feature.profile,
  patient_feature.feature, patient_feature.person_id
