-- title: All features of a person's region in one row
-- grain: a person of a cohort x timepoint x sequence x region x profile x engine
-- reference: mart.patient_feature
-- since: 0.1.0
--
-- features is a MAP from the name of a feature to its value, in the order of the names:
-- features['original_glcm_Contrast']. A feature without a value is not in it, so that asking for it
-- gives NULL. n_features counts those that are.
SELECT
  cohort_id,
  person_id,
  patient_id,
  timepoint_id,
  sequence,
  region,
  profile,
  engine,
  value_scale,
  lesion_id,
  rater_id,
  count(*) AS n_features,
  map(list(feature ORDER BY feature), list(value ORDER BY feature)) AS features
FROM mart_versions.patient_feature_v1
GROUP BY
  cohort_id, person_id, patient_id, timepoint_id, sequence, region, profile, engine, value_scale,
  lesion_id, rater_id
