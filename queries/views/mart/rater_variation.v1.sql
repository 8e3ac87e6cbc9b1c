-- title: Spread of a feature over the raters of one lesion
-- grain: a feature of a lesion and region at a visit on one series under one extraction
-- reference: none; the formulas stand below
-- since: 0.1.0
--
-- Current measurements of each rater's first repeat, values with status ok alone; n_raters counts
-- those, so that a rater whose region was absent is not in it. Raters are compared on the same
-- image under the same extraction. sd is the sample standard deviation (n - 1), NULL for one
-- rater. cv is sd / |mean|: NULL for one rater, where the mean is 0 or its size below a
-- billionth of sd, and for z-scored values, whose mean has no size.
WITH rated AS (
  SELECT
    feature_value.cohort_id,
    segmentation.patient_id,
    segmentation.timepoint_id,
    segmentation.lesion_id,
    measurement.series_id,
    segmentation.region,
    measurement.extraction_id,
    feature.feature,
    count(DISTINCT segmentation.rater_id) AS n_raters,
    avg(feature_value.value) AS mean,
    stddev_samp(feature_value.value) AS sd,
    min(feature_value.value) AS value_min,
    max(feature_value.value) AS value_max
  FROM imaging.feature_value
  JOIN vocab.feature ON feature.feature_id = feature_value.feature_id
  JOIN imaging.measurement
    ON measurement.cohort_id = feature_value.cohort_id
    AND measurement.measurement_id = feature_value.measurement_id
  JOIN imaging.segmentation ON segmentation.segmentation_id = measurement.segmentation_id
  WHERE measurement.current
    AND segmentation.repeat_no = 1
    AND feature_value.value_status = 'ok'
  GROUP BY
    feature_value.cohort_id, segmentation.patient_id, segmentation.timepoint_id,
    segmentation.lesion_id, measurement.series_id, segmentation.region,
    measurement.extraction_id, feature.feature
)
SELECT
  rated.cohort_id,
  patient.person_id,
  rated.patient_id,
  rated.timepoint_id,
  rated.lesion_id,
  series.sequence,
  series.modality,
  rated.region,
  extraction.profile,
  extraction.engine,
  rated.feature,
  rated.n_raters,
  rated.mean,
  rated.sd,
  CASE
    WHEN extraction.value_scale = 'raw'
      AND rated.mean <> 0
      AND abs(rated.mean) >= 1e-9 * rated.sd
      THEN rated.sd / abs(rated.mean)
  END AS cv,
  rated.value_min AS min,
  rated.value_max AS max,
  rated.series_id,
  rated.extraction_id
FROM rated
JOIN imaging.extraction ON extraction.extraction_id = rated.extraction_id
JOIN imaging.series
  ON series.cohort_id = rated.cohort_id
  AND series.series_id = rated.series_id
JOIN study.patient
  ON patient.cohort_id = rated.cohort_id
  AND patient.patient_id = rated.patient_id
