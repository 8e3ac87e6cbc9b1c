-- title: One value a person by the rater, series and lesion rules of the study
-- grain: a person of a cohort x timepoint x sequence x region x profile x engine x feature
-- reference: patient_feature in study.yaml: reference_rater, series_rule, lesion_rule; mart.index_lesion
-- since: 0.1.0
--
-- The values, with status ok alone, of the measurements that mart.patient_measurement takes, which
-- says more of the rules on raters, series and lesions. Nothing is put in the place of what is
-- missing: where the rules do not settle on one measurement, there is no row. With lesion_rule
-- weighted_mean and several lesions the value is that of mart.lesion_mean; then lesion_id and
-- measurement_id are NULL. n_lesions counts the lesions among which the rule chose, volume_mm3 is
-- the volume of the one it took, or of all together.
SELECT
  chosen.cohort_id,
  chosen.person_id,
  chosen.patient_id,
  chosen.timepoint_id,
  chosen.sequence,
  chosen.modality,
  chosen.region,
  chosen.profile,
  chosen.engine,
  chosen.value_scale,
  feature.feature,
  feature_value.value,
  chosen.lesion_id,
  chosen.rater_id,
  chosen.rater_rule,
  chosen.lesion_rule,
  chosen.n_lesions,
  chosen.measurement_id,
  chosen.series_id,
  chosen.volume_mm3
FROM mart_versions.patient_measurement_v1 AS chosen
JOIN imaging.feature_value
  ON feature_value.cohort_id = chosen.cohort_id
  AND feature_value.measurement_id = chosen.measurement_id
JOIN vocab.feature ON feature.feature_id = feature_value.feature_id
WHERE feature_value.value_status = 'ok'
  AND NOT chosen.averaged
UNION ALL
SELECT
  lesion_mean.cohort_id,
  lesion_mean.person_id,
  lesion_mean.patient_id,
  lesion_mean.timepoint_id,
  lesion_mean.sequence,
  lesion_mean.modality,
  lesion_mean.region,
  lesion_mean.profile,
  lesion_mean.engine,
  lesion_mean.value_scale,
  lesion_mean.feature,
  lesion_mean.value,
  NULL AS lesion_id,
  lesion_mean.rater_id,
  lesion_mean.rater_rule,
  lesion_mean.lesion_rule,
  lesion_mean.n_lesions,
  NULL AS measurement_id,
  lesion_mean.series_id,
  lesion_mean.volume_mm3
FROM mart_versions.lesion_mean_v1 AS lesion_mean
