-- title: Values of engines that measured the same masks
-- grain: a feature of an engine and profile, for a target, as one engine and profile has it
-- reference: Zwanenburg et al. 2020, doi 10.1148/radiol.2020191145, for the codes and aggregations
--
-- Engines and profiles are the raters; a target is the mask of one rater (the reference rater, or
-- the one in $raters) at a visit. Features are matched by IBSI code and aggregation on the original
-- image; those without a code, and those of which a profile has several under one code, by engine
-- and name, so that profiles of one engine meet. What was matched stands once under the key and
-- name of each engine and profile that has it. Columns are those of analyses/stability_ratings.
WITH reference AS (
  SELECT max(value) AS rater_id
  FROM study.setting
  WHERE name = 'reference_rater'
),
measured AS (
  SELECT
    measurement.measurement_id,
    measurement.status,
    segmentation.cohort_id,
    segmentation.region,
    series.sequence,
    extraction.profile,
    extraction.engine,
    concat_ws('|', segmentation.patient_id, segmentation.timepoint_id, segmentation.lesion_id)
      AS target
  FROM imaging.measurement
  JOIN imaging.segmentation ON segmentation.segmentation_id = measurement.segmentation_id
  JOIN imaging.series ON series.series_id = measurement.series_id
  JOIN imaging.extraction ON extraction.extraction_id = measurement.extraction_id
  LEFT JOIN study.patient
    ON patient.cohort_id = segmentation.cohort_id
    AND patient.patient_id = segmentation.patient_id
  CROSS JOIN reference
  WHERE measurement.cohort_id = $cohort_id
    AND measurement.current
    AND extraction.value_scale = 'raw'
    AND ($regions IS NULL OR list_contains(CAST($regions AS VARCHAR[]), segmentation.region))
    AND ($sequences IS NULL OR list_contains(CAST($sequences AS VARCHAR[]), series.sequence))
    AND ($profiles IS NULL OR list_contains(CAST($profiles AS VARCHAR[]), extraction.profile))
    AND ($timepoints IS NULL OR list_contains(CAST($timepoints AS VARCHAR[]), segmentation.timepoint_id))
    AND ($raters IS NULL OR list_contains(CAST($raters AS VARCHAR[]), segmentation.rater_id))
    AND ($sites IS NULL OR list_contains(CAST($sites AS VARCHAR[]), patient.site))
    AND segmentation.repeat_no = 1
    AND NOT starts_with(segmentation.derivation, 'perturbation:')
    AND (
      $raters IS NOT NULL
      OR reference.rater_id IS NULL
      OR segmentation.rater_id = reference.rater_id
    )
),
key_target AS (
  SELECT region, sequence, count(DISTINCT target) AS n_targets_of_key
  FROM measured
  GROUP BY ALL
),
valued AS (
  SELECT
    measured.region, measured.sequence, measured.profile, measured.engine, measured.target,
    feature.feature,
    feature_value.value,
    CASE
      WHEN feature.image_type = 'original' AND feature.ibsi_code IS NOT NULL
        THEN concat_ws('|', feature.ibsi_code, feature.ibsi_aggregation)
    END AS code
  FROM measured
  JOIN imaging.feature_value ON feature_value.measurement_id = measured.measurement_id
  JOIN vocab.feature ON feature.feature_id = feature_value.feature_id
  WHERE feature_value.cohort_id = $cohort_id
    AND measured.status = 'ok'
    AND feature_value.value_status = 'ok'
    AND isfinite(feature_value.value)
),
ambiguous AS (
  SELECT DISTINCT engine, code
  FROM valued
  WHERE code IS NOT NULL
  GROUP BY engine, profile, code
  HAVING count(DISTINCT feature) > 1
),
matched AS (
  SELECT
    valued.region, valued.sequence, valued.profile, valued.engine, valued.target,
    valued.feature, valued.value,
    CASE
      WHEN valued.code IS NOT NULL AND ambiguous.code IS NULL THEN valued.code
      ELSE concat_ws('|', valued.engine, valued.feature)
    END AS quantity
  FROM valued
  LEFT JOIN ambiguous
    ON ambiguous.engine = valued.engine
    AND ambiguous.code = valued.code
),
member AS (
  SELECT DISTINCT region, sequence, quantity, profile, engine, feature
  FROM matched
),
expected AS (
  SELECT
    region, sequence, quantity,
    coalesce(CAST($n_raters AS BIGINT), count(*)) AS n_raters
  FROM member
  GROUP BY ALL
),
cell AS (
  SELECT
    region, sequence, quantity, target,
    concat_ws('|', engine, profile) AS rater,
    any_value(value) AS value,
    count(*) AS n_in_cell
  FROM matched
  GROUP BY ALL
),
rated_target AS (
  SELECT region, sequence, quantity, target, count(*) AS n_ratings
  FROM cell
  GROUP BY ALL
)
SELECT
  CAST($cohort_id AS VARCHAR) AS cohort_id,
  region, sequence, member.profile, member.engine, member.feature,
  cell.target,
  cell.rater,
  cell.value,
  cell.n_in_cell,
  expected.n_raters,
  key_target.n_targets_of_key,
  rated_target.n_ratings = expected.n_raters AS is_complete
FROM member
JOIN cell USING (region, sequence, quantity)
JOIN expected USING (region, sequence, quantity)
JOIN rated_target USING (region, sequence, quantity, target)
JOIN key_target USING (region, sequence)
WHERE $features IS NULL OR list_contains(CAST($features AS VARCHAR[]), member.feature)
ORDER BY region, sequence, member.profile, member.engine, member.feature, cell.target, cell.rater
