-- title: How far a feature differs between two masks of one region, beside how well these agree
-- grain: a feature on a series under an extraction x two segmentations of one region
-- reference: Pavic et al. 2018, doi 10.1080/0284186X.2018.1445283
-- since: 0.1.0
--
-- The pairs of mart.segmentation_agreement that were both measured, on the same series by the same
-- current extraction, with value status ok on both sides; a region that one rater did not see has
-- no features, and its pair no rows. difference_absolute = value_b - value_a (NULL where it exceeds
-- a double). difference_relative = |value_b - value_a| / ((|value_a| + |value_b|) / 2), from 0 to
-- 2: neither rater is the truth, and a mean of values with signs may be 0. It is 0 where both are
-- equal, and NULL for z-scored values, whose size has no meaning.
WITH measured AS (
  SELECT
    measurement.cohort_id,
    measurement.measurement_id,
    measurement.segmentation_id,
    measurement.series_id,
    measurement.extraction_id
  FROM imaging.measurement
  WHERE measurement.current
    AND measurement.status = 'ok'
),
pair AS (
  SELECT
    agreement.cohort_id,
    agreement.segmentation_id_a,
    agreement.segmentation_id_b,
    measured_a.series_id,
    measured_a.extraction_id,
    measured_a.measurement_id AS measurement_id_a,
    measured_b.measurement_id AS measurement_id_b
  FROM mart_versions.segmentation_agreement_v1 AS agreement
  JOIN measured AS measured_a
    ON measured_a.cohort_id = agreement.cohort_id
    AND measured_a.segmentation_id = agreement.segmentation_id_a
  JOIN measured AS measured_b
    ON measured_b.cohort_id = agreement.cohort_id
    AND measured_b.segmentation_id = agreement.segmentation_id_b
    AND measured_b.series_id = measured_a.series_id
    AND measured_b.extraction_id = measured_a.extraction_id
),
compared AS (
  SELECT
    pair.cohort_id,
    pair.segmentation_id_a,
    pair.segmentation_id_b,
    pair.series_id,
    pair.extraction_id,
    pair.measurement_id_a,
    pair.measurement_id_b,
    value_a.feature_id,
    value_a.value AS value_a,
    value_b.value AS value_b,
    greatest(abs(value_a.value), abs(value_b.value)) AS size
  FROM pair
  JOIN imaging.feature_value AS value_a
    ON value_a.cohort_id = pair.cohort_id
    AND value_a.measurement_id = pair.measurement_id_a
  JOIN imaging.feature_value AS value_b
    ON value_b.cohort_id = pair.cohort_id
    AND value_b.measurement_id = pair.measurement_id_b
    AND value_b.feature_id = value_a.feature_id
  WHERE value_a.value_status = 'ok'
    AND value_b.value_status = 'ok'
)
SELECT
  compared.cohort_id,
  agreement.person_id,
  agreement.patient_id,
  agreement.timepoint_id,
  series.sequence,
  agreement.region,
  agreement.lesion_id,
  agreement.design,
  agreement.rater_a,
  agreement.rater_b,
  agreement.repeat_a,
  agreement.repeat_b,
  extraction.profile,
  extraction.engine,
  feature.feature,
  feature.class AS feature_class,
  compared.value_a,
  compared.value_b,
  CASE
    WHEN isfinite(compared.value_b - compared.value_a) THEN compared.value_b - compared.value_a
  END AS difference_absolute,
  CASE
    WHEN extraction.value_scale <> 'raw' THEN NULL
    WHEN compared.value_a = compared.value_b THEN 0.0
    ELSE 2 * abs(compared.value_b / compared.size - compared.value_a / compared.size)
      / (abs(compared.value_a) / compared.size + abs(compared.value_b) / compared.size)
  END AS difference_relative,
  extraction.value_scale,
  agreement.dice,
  agreement.hd95_mm,
  agreement.volume_difference_mm3,
  agreement.volume_difference_relative,
  compared.segmentation_id_a,
  compared.segmentation_id_b,
  compared.series_id,
  compared.extraction_id,
  compared.measurement_id_a,
  compared.measurement_id_b
FROM compared
JOIN mart_versions.segmentation_agreement_v1 AS agreement
  ON agreement.cohort_id = compared.cohort_id
  AND agreement.segmentation_id_a = compared.segmentation_id_a
  AND agreement.segmentation_id_b = compared.segmentation_id_b
JOIN imaging.series
  ON series.cohort_id = compared.cohort_id
  AND series.series_id = compared.series_id
JOIN imaging.extraction ON extraction.extraction_id = compared.extraction_id
JOIN vocab.feature ON feature.feature_id = compared.feature_id
