-- title: One value a person by the rater, series and lesion rules of the study
-- grain: a person of a cohort x timepoint x sequence x region x profile x engine x feature
-- reference: patient_feature in study.yaml: reference_rater, series_rule, lesion_rule; mart.index_lesion
-- since: 0.1.0
--
-- Current measurements of the first repeat, values with status ok alone. Nothing is put in the
-- place of what is missing: where the rules do not settle on one measurement, there is no row.
-- Rater: with a reference_rater only that one's regions count; without, a region (as measured at
-- one visit on one sequence under one profile) must have been drawn by one rater only, and where
-- several drew it no row appears. Series, where one sequence of a visit stands on several (the
-- volumes of a 4-D image): series_rule only takes what was measured on one alone; first_volume
-- takes the lowest volume_index; finest the smallest voxels, ties by volume_index, and none where
-- the spacing of one is not known. It chooses among those on which the region was measured.
-- Lesion, among those whose voxels are in the mask: lesion_rule only takes a region that is one
-- lesion; largest takes the lesion of the largest volume_mm3, ties by lesion_id; index takes the
-- lesion that mart.index_lesion has for the patient, at every visit and in every region the same;
-- weighted_mean is the mean of all lesions, weighted by volume_mm3 (Chang et al. 2021, doi
-- 10.1038/s41598-021-89114-6), where each has a value and a volume; then lesion_id and
-- measurement_id are NULL unless there is one lesion. Where there are several lesions and the
-- volume of one is not known, as for tables of ready-made features, neither largest nor
-- weighted_mean can decide. If the series, or the lesion, that a rule takes was refused or
-- failed, the next one does not stand in for it. A person who is two patients of one cohort with
-- the same cell has no row either. n_lesions counts the lesions among which the rule chose,
-- volume_mm3 is the volume of the one it took, or of all together. Without a stored rule, largest
-- and only hold, as in study.yaml.
WITH rule AS (
  SELECT
    max(value) FILTER (name = 'reference_rater') AS reference_rater,
    coalesce(max(value) FILTER (name = 'series_rule'), 'only') AS series_rule,
    coalesce(max(value) FILTER (name = 'lesion_rule'), 'largest') AS lesion_rule
  FROM study.setting
),
measured AS (
  SELECT
    measurement.measurement_id,
    measurement.status,
    segmentation.cohort_id,
    patient.person_id,
    segmentation.patient_id,
    segmentation.timepoint_id,
    series.series_id,
    series.sequence,
    series.modality,
    series.volume_index,
    series.spacing_x * series.spacing_y * series.spacing_z AS voxel_mm3,
    segmentation.region,
    extraction.profile,
    extraction.engine,
    extraction.value_scale,
    segmentation.lesion_id,
    segmentation.rater_id,
    segmentation.volume_mm3
  FROM imaging.measurement
  JOIN imaging.segmentation
    ON segmentation.cohort_id = measurement.cohort_id
    AND segmentation.segmentation_id = measurement.segmentation_id
  JOIN imaging.series
    ON series.cohort_id = measurement.cohort_id
    AND series.series_id = measurement.series_id
  JOIN imaging.extraction ON extraction.extraction_id = measurement.extraction_id
  JOIN study.patient
    ON patient.cohort_id = segmentation.cohort_id
    AND patient.patient_id = segmentation.patient_id
  WHERE measurement.current
    AND segmentation.repeat_no = 1
),
cell AS (
  SELECT
    cohort_id, person_id, timepoint_id, sequence, region, profile, engine,
    min(rater_id) = max(rater_id) AS one_rater,
    min(patient_id) = max(patient_id) AS one_patient,
    min(series_id) = max(series_id) AS one_series,
    count(voxel_mm3) = count(*) AS sizes_known,
    -- without an index the series is no volume of a 4-D image, and comes before those
    min({'volume': coalesce(volume_index, -1), 'id': series_id}).id AS first_volume,
    min({'size': voxel_mm3, 'volume': coalesce(volume_index, -1), 'id': series_id}).id AS finest
  FROM measured
  GROUP BY cohort_id, person_id, timepoint_id, sequence, region, profile, engine
),
rated AS (
  SELECT
    measured.cohort_id, measured.person_id, measured.patient_id, measured.timepoint_id,
    measured.series_id, measured.sequence, measured.modality, measured.region, measured.profile,
    measured.engine, measured.value_scale, measured.lesion_id, measured.rater_id,
    measured.volume_mm3, measured.measurement_id, measured.status,
    CASE WHEN rule.reference_rater IS NULL THEN 'only' ELSE 'reference' END AS rater_rule,
    rule.lesion_rule
  FROM measured
  JOIN cell USING (cohort_id, person_id, timepoint_id, sequence, region, profile, engine)
  CROSS JOIN rule
  WHERE cell.one_patient
    AND measured.status <> 'label_absent'
    AND coalesce(measured.rater_id = rule.reference_rater, cell.one_rater)
    AND CASE rule.series_rule
      WHEN 'first_volume' THEN measured.series_id = cell.first_volume
      WHEN 'finest' THEN
        cell.one_series
        OR (cell.sizes_known AND measured.series_id = cell.finest)
      ELSE TRUE
    END
),
lesion AS (
  SELECT
    cohort_id, person_id, timepoint_id, sequence, region, profile, engine, lesion_id,
    count(*) AS n_measurements,
    count(*) FILTER (status = 'ok' AND volume_mm3 > 0) AS n_weighted,
    max(volume_mm3) AS volume_mm3
  FROM rated
  GROUP BY cohort_id, person_id, timepoint_id, sequence, region, profile, engine, lesion_id
),
ranked AS (
  SELECT
    cohort_id, person_id, timepoint_id, sequence, region, profile, engine, lesion_id,
    n_measurements,
    row_number() OVER (PARTITION BY
      cohort_id, person_id, timepoint_id, sequence, region, profile, engine
      ORDER BY volume_mm3 DESC NULLS LAST, lesion_id
    ) AS place,
    count(*) OVER (PARTITION BY
      cohort_id, person_id, timepoint_id, sequence, region, profile, engine
    ) AS n_lesions,
    count(volume_mm3) OVER (PARTITION BY
      cohort_id, person_id, timepoint_id, sequence, region, profile, engine
    ) AS n_volumes,
    count(*) FILTER (n_measurements = 1 AND n_weighted = 1) OVER (PARTITION BY
      cohort_id, person_id, timepoint_id, sequence, region, profile, engine
    ) AS n_weighted
  FROM lesion
),
chosen AS (
  SELECT
    rated.cohort_id, rated.person_id, rated.patient_id, rated.timepoint_id,
    rated.sequence, rated.modality, rated.region, rated.profile, rated.engine,
    rated.value_scale, rated.lesion_id, rated.rater_id, rated.measurement_id,
    rated.rater_rule, rated.lesion_rule, ranked.n_lesions, rated.series_id, rated.volume_mm3,
    rated.lesion_rule = 'weighted_mean' AND ranked.n_lesions > 1 AS averaged
  FROM rated
  JOIN ranked
    USING (cohort_id, person_id, timepoint_id, sequence, region, profile, engine, lesion_id)
  LEFT JOIN mart_versions.index_lesion_v1 AS index_lesion
    ON index_lesion.cohort_id = rated.cohort_id
    AND index_lesion.patient_id = rated.patient_id
  WHERE rated.status = 'ok'
    AND ranked.n_measurements = 1
    AND CASE rated.lesion_rule
      WHEN 'index' THEN rated.lesion_id = index_lesion.lesion_id
      WHEN 'largest' THEN
        ranked.n_lesions = 1
        OR (ranked.place = 1 AND ranked.n_volumes = ranked.n_lesions)
      WHEN 'weighted_mean' THEN
        ranked.n_lesions = 1
        OR ranked.n_weighted = ranked.n_lesions
      ELSE ranked.n_lesions = 1
    END
)
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
FROM chosen
JOIN imaging.feature_value
  ON feature_value.cohort_id = chosen.cohort_id
  AND feature_value.measurement_id = chosen.measurement_id
JOIN vocab.feature ON feature.feature_id = feature_value.feature_id
WHERE feature_value.value_status = 'ok'
  AND NOT chosen.averaged
UNION ALL
SELECT
  chosen.cohort_id,
  chosen.person_id,
  chosen.patient_id,
  chosen.timepoint_id,
  chosen.sequence,
  min(chosen.modality) AS modality,
  chosen.region,
  chosen.profile,
  chosen.engine,
  chosen.value_scale,
  feature.feature,
  -- in one order, for the last digit of a sum hangs on it
  sum(feature_value.value * chosen.volume_mm3 ORDER BY chosen.lesion_id)
  / sum(chosen.volume_mm3 ORDER BY chosen.lesion_id) AS value,
  NULL AS lesion_id,
  chosen.rater_id,
  chosen.rater_rule,
  chosen.lesion_rule,
  chosen.n_lesions,
  NULL AS measurement_id,
  CASE WHEN min(chosen.series_id) = max(chosen.series_id) THEN min(chosen.series_id) END
    AS series_id,
  sum(chosen.volume_mm3 ORDER BY chosen.lesion_id) AS volume_mm3
FROM chosen
JOIN imaging.feature_value
  ON feature_value.cohort_id = chosen.cohort_id
  AND feature_value.measurement_id = chosen.measurement_id
JOIN vocab.feature ON feature.feature_id = feature_value.feature_id
WHERE feature_value.value_status = 'ok'
  AND chosen.averaged
GROUP BY
  chosen.cohort_id, chosen.person_id, chosen.patient_id, chosen.timepoint_id, chosen.sequence,
  chosen.region, chosen.profile, chosen.engine, chosen.value_scale, feature.feature,
  chosen.rater_id, chosen.rater_rule, chosen.lesion_rule, chosen.n_lesions
HAVING count(*) = chosen.n_lesions
