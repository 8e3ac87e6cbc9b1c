-- title: How far engines agree on a feature of one region on one image
-- grain: an IBSI feature of a region on an image x two extractions
-- reference: Zwanenburg et al. 2020, doi 10.1148/radiol.2020191145, for the codes and aggregations
-- since: 0.1.0
--
-- Two current measurements of one segmentation on one series, by two engines or by one engine
-- under two profiles. Features are matched by IBSI code and aggregation, on the original image
-- alone; ibsi_status says where an engine's definition is known to be another (Kurtosis of
-- PyRadiomics is IBSI's + 3). That the two profiles ask for the same is the reader's to see:
-- grey_levels and voxel_count, after resampling and binning, tell much of it. a is the extraction
-- whose engine, profile and id sort first. difference_absolute = value_b - value_a (NULL where it
-- exceeds a double); difference_relative = |value_b - value_a| / max(|value_a|, |value_b|), 0
-- where both are 0, NULL for z-scored values, whose size has no meaning. Only values with status
-- ok are compared: neither substitutes of an engine (approximate) nor what is undefined; z-scored
-- values never meet raw ones. Where one measurement has several features under one code and
-- aggregation (matrices of several distances), nothing says which is meant, and there is no row.
WITH measured AS (
  SELECT
    measurement.cohort_id,
    measurement.measurement_id,
    measurement.segmentation_id,
    measurement.series_id,
    measurement.extraction_id,
    measurement.voxel_count,
    measurement.grey_levels,
    extraction.engine,
    extraction.engine_version,
    extraction.profile,
    extraction.value_scale
  FROM imaging.measurement
  JOIN imaging.extraction ON extraction.extraction_id = measurement.extraction_id
  WHERE measurement.current
    AND measurement.status = 'ok'
),
pair AS (
  SELECT
    measured_a.cohort_id,
    measured_a.segmentation_id,
    measured_a.series_id,
    measured_a.value_scale,
    measured_a.measurement_id AS measurement_id_a,
    measured_b.measurement_id AS measurement_id_b,
    measured_a.extraction_id AS extraction_id_a,
    measured_b.extraction_id AS extraction_id_b,
    measured_a.engine AS engine_a,
    measured_b.engine AS engine_b,
    measured_a.engine_version AS engine_version_a,
    measured_b.engine_version AS engine_version_b,
    measured_a.profile AS profile_a,
    measured_b.profile AS profile_b,
    measured_a.voxel_count AS voxel_count_a,
    measured_b.voxel_count AS voxel_count_b,
    measured_a.grey_levels AS grey_levels_a,
    measured_b.grey_levels AS grey_levels_b
  FROM measured AS measured_a
  JOIN measured AS measured_b
    ON measured_b.cohort_id = measured_a.cohort_id
    AND measured_b.segmentation_id = measured_a.segmentation_id
    AND measured_b.series_id = measured_a.series_id
    AND measured_b.value_scale = measured_a.value_scale
    AND (measured_a.engine, measured_a.profile, measured_a.extraction_id)
      < (measured_b.engine, measured_b.profile, measured_b.extraction_id)
),
coded AS (
  SELECT
    feature_id, feature, ibsi_code, ibsi_status,
    coalesce(ibsi_aggregation, '') AS ibsi_aggregation
  FROM vocab.feature
  WHERE ibsi_code IS NOT NULL
    AND image_type = 'original'
),
matched AS (
  SELECT
    pair.cohort_id, pair.segmentation_id, pair.series_id, pair.value_scale,
    pair.measurement_id_a, pair.measurement_id_b,
    pair.extraction_id_a, pair.extraction_id_b,
    pair.engine_a, pair.engine_b, pair.engine_version_a, pair.engine_version_b,
    pair.profile_a, pair.profile_b,
    pair.voxel_count_a, pair.voxel_count_b, pair.grey_levels_a, pair.grey_levels_b,
    coded_a.ibsi_code,
    coded_a.ibsi_aggregation,
    coded_a.ibsi_status AS ibsi_status_a,
    coded_b.ibsi_status AS ibsi_status_b,
    coded_a.feature AS feature_a,
    coded_b.feature AS feature_b,
    value_a.value AS value_a,
    value_b.value AS value_b,
    value_a.value_status = 'ok' AND value_b.value_status = 'ok' AS is_comparable,
    count(*) OVER (PARTITION BY
      pair.cohort_id, pair.measurement_id_a, pair.measurement_id_b,
      coded_a.ibsi_code, coded_a.ibsi_aggregation
    ) AS n_matches
  FROM pair
  JOIN imaging.feature_value AS value_a
    ON value_a.cohort_id = pair.cohort_id
    AND value_a.measurement_id = pair.measurement_id_a
  JOIN coded AS coded_a ON coded_a.feature_id = value_a.feature_id
  JOIN imaging.feature_value AS value_b
    ON value_b.cohort_id = pair.cohort_id
    AND value_b.measurement_id = pair.measurement_id_b
  JOIN coded AS coded_b
    ON coded_b.feature_id = value_b.feature_id
    AND coded_b.ibsi_code = coded_a.ibsi_code
    AND coded_b.ibsi_aggregation = coded_a.ibsi_aggregation
)
SELECT
  matched.cohort_id,
  patient.person_id,
  segmentation.patient_id,
  segmentation.timepoint_id,
  series.sequence,
  segmentation.region,
  segmentation.lesion_id,
  segmentation.rater_id,
  segmentation.repeat_no,
  matched.ibsi_code,
  nullif(matched.ibsi_aggregation, '') AS ibsi_aggregation,
  matched.engine_a,
  matched.engine_b,
  matched.engine_version_a,
  matched.engine_version_b,
  matched.profile_a,
  matched.profile_b,
  matched.feature_a,
  matched.feature_b,
  matched.ibsi_status_a,
  matched.ibsi_status_b,
  matched.value_a,
  matched.value_b,
  CASE
    WHEN isfinite(matched.value_b - matched.value_a) THEN matched.value_b - matched.value_a
  END AS difference_absolute,
  CASE
    WHEN matched.value_scale <> 'raw' THEN NULL
    WHEN matched.value_a = matched.value_b THEN 0.0
    ELSE abs(
      matched.value_b / greatest(abs(matched.value_a), abs(matched.value_b))
      - matched.value_a / greatest(abs(matched.value_a), abs(matched.value_b))
    )
  END AS difference_relative,
  matched.value_scale,
  matched.grey_levels_a,
  matched.grey_levels_b,
  matched.voxel_count_a,
  matched.voxel_count_b,
  matched.segmentation_id,
  matched.series_id,
  matched.extraction_id_a,
  matched.extraction_id_b,
  matched.measurement_id_a,
  matched.measurement_id_b
FROM matched
JOIN imaging.segmentation ON segmentation.segmentation_id = matched.segmentation_id
JOIN imaging.series ON series.series_id = matched.series_id
JOIN study.patient
  ON patient.cohort_id = segmentation.cohort_id
  AND patient.patient_id = segmentation.patient_id
WHERE matched.n_matches = 1
  -- those above are perturbations, made to judge stability
  AND segmentation.repeat_no <= 1000
  AND matched.is_comparable
