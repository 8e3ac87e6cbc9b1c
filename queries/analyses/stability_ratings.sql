-- title: Ratings of one stability design
-- grain: a feature of a target as one rater has it
-- reference: Shrout and Fleiss 1979, doi 10.1037/0033-2909.86.2.420
--
-- What repeats what. inter_rater: raters of the same lesion at the same visit. intra_rater:
-- repetitions of one rater. test_retest: two visits of the same lesion as one rater drew it.
-- perturbation: the mask that one rater drew and its perturbed copies. That one rater is the
-- study's reference rater, or the one named in $raters. A target is complete for a feature if it
-- has exactly $n_raters ratings (NULL: as many as its stability key has raters, or where raters
-- are not the same for all targets, as many as any target of it has). Nothing is averaged:
-- n_in_cell is above 1 where a rater rated a target twice.
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
    CASE
      WHEN $design = 'test_retest' THEN concat_ws('|', segmentation.patient_id, segmentation.lesion_id)
      ELSE concat_ws('|', segmentation.patient_id, segmentation.timepoint_id, segmentation.lesion_id)
    END AS target,
    CASE $design
      WHEN 'inter_rater' THEN segmentation.rater_id
      WHEN 'intra_rater' THEN CAST(segmentation.repeat_no AS VARCHAR)
      WHEN 'perturbation' THEN CAST(segmentation.repeat_no AS VARCHAR)
      WHEN 'test_retest' THEN segmentation.timepoint_id
    END AS rater
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
    AND CASE
      WHEN segmentation.repeat_no > 1000 OR starts_with(segmentation.derivation, 'perturbation:')
        THEN $design = 'perturbation'
      ELSE $design = 'intra_rater' OR segmentation.repeat_no = 1
    END
    AND (
      $design = 'inter_rater'
      OR $raters IS NOT NULL
      OR reference.rater_id IS NULL
      OR segmentation.rater_id = reference.rater_id
    )
),
rated_by AS (
  SELECT
    cohort_id, region, sequence, profile, engine, target,
    count(DISTINCT rater) AS n_raters_of_target
  FROM measured
  GROUP BY ALL
),
expected AS (
  SELECT
    cohort_id, region, sequence, profile, engine,
    coalesce(
      CAST($n_raters AS BIGINT),
      CASE
        WHEN CAST($raters_crossed AS BOOLEAN) THEN count(DISTINCT measured.rater)
        ELSE max(rated_by.n_raters_of_target)
      END
    ) AS n_raters,
    count(DISTINCT target) AS n_targets_of_key
  FROM measured
  JOIN rated_by USING (cohort_id, region, sequence, profile, engine, target)
  GROUP BY ALL
),
rated AS (
  SELECT
    measured.cohort_id, measured.region, measured.sequence, measured.profile, measured.engine,
    feature.feature,
    measured.target,
    measured.rater,
    feature_value.value
  FROM measured
  JOIN imaging.feature_value ON feature_value.measurement_id = measured.measurement_id
  JOIN vocab.feature ON feature.feature_id = feature_value.feature_id
  WHERE feature_value.cohort_id = $cohort_id
    AND measured.status = 'ok'
    AND feature_value.value_status = 'ok'
    AND isfinite(feature_value.value)
    AND ($features IS NULL OR list_contains(CAST($features AS VARCHAR[]), feature.feature))
),
cell AS (
  SELECT
    cohort_id, region, sequence, profile, engine, feature, target, rater,
    any_value(value) AS value,
    count(*) AS n_in_cell
  FROM rated
  GROUP BY ALL
),
rated_target AS (
  SELECT
    cohort_id, region, sequence, profile, engine, feature, target,
    count(*) AS n_ratings
  FROM cell
  GROUP BY ALL
)
SELECT
  cohort_id, region, sequence, profile, engine, feature, target, rater,
  cell.value,
  cell.n_in_cell,
  expected.n_raters,
  expected.n_targets_of_key,
  rated_target.n_ratings = expected.n_raters AS is_complete
FROM cell
JOIN rated_target USING (cohort_id, region, sequence, profile, engine, feature, target)
JOIN expected USING (cohort_id, region, sequence, profile, engine)
ORDER BY cohort_id, region, sequence, profile, engine, feature, target, rater
