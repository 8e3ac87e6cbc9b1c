-- title: Mean of a feature over the lesions of a person, weighted by their volume
-- grain: a person of a cohort x timepoint x sequence x region x profile x engine x feature
-- reference: Chang et al. 2021, doi 10.1038/s41598-021-89114-6; mart.lesion_measurement
-- since: 0.1.0
--
-- What mart.patient_feature takes where lesion_rule in study.yaml is weighted_mean and a region is
-- several lesions, each with a value and a volume; else there is no row. The weight is volume_mm3,
-- which here is the volume of all lesions together.
SELECT
  lesion.cohort_id,
  lesion.person_id,
  lesion.patient_id,
  lesion.timepoint_id,
  lesion.sequence,
  min(lesion.modality) AS modality,
  lesion.region,
  lesion.profile,
  lesion.engine,
  lesion.value_scale,
  feature.feature,
  -- in one order, for the last digit of a sum hangs on it
  sum(feature_value.value * lesion.volume_mm3 ORDER BY lesion.lesion_id)
  / sum(lesion.volume_mm3 ORDER BY lesion.lesion_id) AS value,
  lesion.rater_id,
  lesion.rater_rule,
  lesion.lesion_rule,
  lesion.n_lesions,
  CASE WHEN min(lesion.series_id) = max(lesion.series_id) THEN min(lesion.series_id) END
    AS series_id,
  sum(lesion.volume_mm3 ORDER BY lesion.lesion_id) AS volume_mm3
FROM mart_versions.lesion_measurement_v1 AS lesion
JOIN imaging.feature_value
  ON feature_value.cohort_id = lesion.cohort_id
  AND feature_value.measurement_id = lesion.measurement_id
JOIN vocab.feature ON feature.feature_id = feature_value.feature_id
WHERE feature_value.value_status = 'ok'
  AND lesion.lesion_rule = 'weighted_mean'
  AND lesion.n_lesions > 1
  AND lesion.n_weighted = lesion.n_lesions
GROUP BY
  lesion.cohort_id, lesion.person_id, lesion.patient_id, lesion.timepoint_id, lesion.sequence,
  lesion.region, lesion.profile, lesion.engine, lesion.value_scale, feature.feature,
  lesion.rater_id, lesion.rater_rule, lesion.lesion_rule, lesion.n_lesions
HAVING count(*) = lesion.n_lesions
