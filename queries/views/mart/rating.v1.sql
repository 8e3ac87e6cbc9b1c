-- title: Values that repeat each other, as raters, repetitions and perturbations gave them
-- grain: a feature of a target as one rater has it, in a design
-- reference: Shrout and Fleiss 1979, doi 10.1037/0033-2909.86.2.420
-- since: 0.1.0
--
-- The long table below every coefficient of reliability. A target is a lesion at a visit. In the
-- design inter_rater a rater is who drew the region (first repetitions alone); in intra_rater a
-- repetition, in perturbation the drawn mask (1) or a perturbed copy of it, both by the reference
-- rater of study.yaml where there is one. Current measurements of raw values with status ok; only
-- keys (cohort, region, sequence, profile, engine) with two raters at least, n_raters of them.
-- is_complete says whether the target has a value of every rater for this feature; has_repeats
-- whether some rater rated some target of the key more than once: nothing is averaged. n_sites
-- counts the known sites of the key's patients: sites differ by their scanners, which makes targets
-- differ more, so coefficients over several sites are larger than those of one. feature_no (a
-- feature of a key), target_no and rater_no are numbers, for faster grouping; they are no ids.
WITH reference AS (
  SELECT max(value) AS rater_id
  FROM study.setting
  WHERE name = 'reference_rater'
),
design AS (
  SELECT unnest(['inter_rater', 'intra_rater', 'perturbation']) AS design
),
measured AS (
  SELECT
    measurement.measurement_id,
    measurement.status,
    patient.site,
    design.design,
    measurement.cohort_id,
    segmentation.region,
    series.sequence,
    extraction.profile,
    extraction.engine,
    concat_ws('|', segmentation.patient_id, segmentation.timepoint_id, segmentation.lesion_id)
      AS target,
    CASE
      WHEN design.design = 'inter_rater' THEN segmentation.rater_id
      ELSE CAST(segmentation.repeat_no AS VARCHAR)
    END AS rater
  FROM imaging.measurement
  JOIN imaging.segmentation ON segmentation.segmentation_id = measurement.segmentation_id
  JOIN imaging.series ON series.series_id = measurement.series_id
  JOIN imaging.extraction ON extraction.extraction_id = measurement.extraction_id
  LEFT JOIN study.patient
    ON patient.cohort_id = segmentation.cohort_id
    AND patient.patient_id = segmentation.patient_id
  CROSS JOIN design
  CROSS JOIN reference
  WHERE measurement.current
    AND extraction.value_scale = 'raw'
    AND CASE
      WHEN segmentation.repeat_no > 1000 OR starts_with(segmentation.derivation, 'perturbation:')
        THEN design.design = 'perturbation'
      ELSE segmentation.repeat_no = 1 OR design.design = 'intra_rater'
    END
    AND (
      design.design = 'inter_rater'
      OR reference.rater_id IS NULL
      OR segmentation.rater_id = reference.rater_id
    )
),
keyed AS (
  SELECT
    measurement_id, status, site,
    design, cohort_id, region, sequence, profile, engine, target, rater,
    concat_ws('|', cohort_id, region, sequence, profile, engine) AS stability_key,
    dense_rank() OVER (ORDER BY design, cohort_id, region, sequence, profile, engine) AS key_no,
    dense_rank() OVER (ORDER BY cohort_id, target) AS target_no,
    dense_rank() OVER (ORDER BY rater) AS rater_no
  FROM measured
),
numbered AS (
  SELECT max(feature_id) + 1 AS n_features
  FROM vocab.feature
),
counted AS (
  SELECT
    key_no,
    count(DISTINCT rater_no) AS n_raters,
    count(DISTINCT target_no) AS n_targets_of_key,
    count(DISTINCT site) AS n_sites,
    count(*) > count(DISTINCT (target_no, rater_no)) AS has_repeats
  FROM keyed
  GROUP BY key_no
  HAVING count(DISTINCT rater_no) > 1
),
rated AS (
  SELECT
    keyed.design, keyed.cohort_id, keyed.region, keyed.sequence, keyed.profile, keyed.engine,
    keyed.stability_key, keyed.target, keyed.rater, keyed.key_no, keyed.target_no, keyed.rater_no,
    counted.n_raters,
    counted.n_targets_of_key,
    counted.n_sites,
    counted.has_repeats,
    feature_value.feature_id,
    feature_value.value,
    (keyed.key_no - 1) * numbered.n_features + feature_value.feature_id AS feature_no,
    count(*) OVER (
      PARTITION BY keyed.key_no, feature_value.feature_id, keyed.target_no
    ) AS n_ratings
  FROM keyed
  CROSS JOIN numbered
  JOIN counted ON counted.key_no = keyed.key_no
  JOIN imaging.feature_value
    ON feature_value.cohort_id = keyed.cohort_id
    AND feature_value.measurement_id = keyed.measurement_id
  WHERE keyed.status = 'ok'
    AND feature_value.value_status = 'ok'
    AND isfinite(feature_value.value)
)
SELECT
  rated.design,
  rated.cohort_id,
  rated.region,
  rated.sequence,
  rated.profile,
  rated.engine,
  rated.stability_key,
  feature.feature,
  rated.target,
  rated.rater,
  rated.value,
  rated.n_raters,
  rated.n_targets_of_key,
  rated.n_sites,
  rated.has_repeats,
  rated.n_ratings = rated.n_raters AS is_complete,
  CAST(rated.feature_no AS INTEGER) AS feature_no,
  CAST(rated.target_no AS INTEGER) AS target_no,
  CAST(rated.rater_no AS INTEGER) AS rater_no
FROM rated
JOIN vocab.feature ON feature.feature_id = rated.feature_id
