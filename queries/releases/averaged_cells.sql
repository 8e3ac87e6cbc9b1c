-- title: The asked features that are means over lesions
-- grain: a row x group of columns x feature
-- reference: mart.patient_feature, where lesion_rule is weighted_mean
--
-- release_place, release_group and release_feature are given: they say which number stands for what.
SELECT
  release_place.row_no,
  release_group.group_no,
  release_feature.feature_no,
  patient_feature.value
FROM mart.patient_feature AS patient_feature
JOIN release_place
  ON release_place.cohort_id = patient_feature.cohort_id
  AND release_place.patient_id = patient_feature.patient_id
  AND release_place.timepoint_id = patient_feature.timepoint_id
JOIN release_group
  ON release_group.timepoint_id = patient_feature.timepoint_id
  AND release_group.sequence = patient_feature.sequence
  AND release_group.region = patient_feature.region
  AND release_group.profile = patient_feature.profile
  AND release_group.engine = patient_feature.engine
JOIN release_feature
  ON release_feature.engine = patient_feature.engine
  AND release_feature.feature = patient_feature.feature
WHERE patient_feature.value IS NOT NULL
  AND patient_feature.measurement_id IS NULL
