-- title: Which measurement stands for a person, by the rater, series and lesion rules of the study
-- grain: a person of a cohort x timepoint x sequence x region x profile x engine, and lesion where averaged
-- reference: patient_feature in study.yaml: lesion_rule; mart.lesion_measurement; mart.index_lesion
-- since: 0.1.0
--
-- Of the lesions of mart.lesion_measurement, which holds the rules on raters and series, the one that
-- the lesion rule takes: lesion_rule only takes a region that is one lesion; largest the lesion of
-- the largest volume_mm3, ties by lesion_id; index the lesion that mart.index_lesion has for the
-- patient, at every visit and in every region the same; weighted_mean takes all lesions, where each
-- has a volume, and averaged says that there are several: their mean is in mart.patient_feature.
-- Where there are several lesions and the volume of one is not known, as for tables of ready-made
-- features, neither largest nor weighted_mean can decide.
-- Nothing is put in the place of what is missing: where the rules do not settle on one measurement,
-- there is no row, and if the lesion that a rule takes was refused or failed, the next one does not
-- stand in for it. n_lesions counts the lesions among which the rule chose.
SELECT
  lesion.cohort_id,
  lesion.person_id,
  lesion.patient_id,
  lesion.timepoint_id,
  lesion.sequence,
  lesion.modality,
  lesion.region,
  lesion.profile,
  lesion.engine,
  lesion.value_scale,
  lesion.lesion_id,
  lesion.rater_id,
  lesion.rater_rule,
  lesion.lesion_rule,
  lesion.n_lesions,
  lesion.measurement_id,
  lesion.series_id,
  lesion.volume_mm3,
  lesion.lesion_rule = 'weighted_mean' AND lesion.n_lesions > 1 AS averaged
FROM mart_versions.lesion_measurement_v1 AS lesion
LEFT JOIN mart_versions.index_lesion_v1 AS index_lesion
  ON index_lesion.cohort_id = lesion.cohort_id
  AND index_lesion.patient_id = lesion.patient_id
WHERE CASE lesion.lesion_rule
    WHEN 'index' THEN lesion.lesion_id = index_lesion.lesion_id
    WHEN 'largest' THEN
      lesion.n_lesions = 1
      OR (lesion.lesion_id = lesion.largest AND lesion.n_volumes = lesion.n_lesions)
    WHEN 'weighted_mean' THEN
      lesion.n_lesions = 1
      OR lesion.n_weighted = lesion.n_lesions
    ELSE lesion.n_lesions = 1
  END
