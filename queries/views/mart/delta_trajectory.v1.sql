-- title: Slope of every feature, and area under it, over all visits
-- grain: a feature of a lesion as one rater drew it, over its visits
-- reference: ordinary least squares; trapezoid rule
-- since: 0.1.0
--
-- Over the current measurements of one lesion, rater, repeat, sequence and volume, region and
-- extraction_id at all visits, as far as they have days. slope_per_day is that of the least-squares
-- line through the values. area is the trapezoid sum between the first and the last visit, in the
-- unit of the feature times days, and mean_over_time is area / span_days. n_visits counts visits at
-- which it was measured, or tried; n_values those with a value; first_day, last_day and span_days
-- are of those with a value. trajectory_status names the first guard that held something back:
-- too_few_values (less than two; nothing), day_unknown (a visit with a value has no day; nothing),
-- same_day (all values are of one day; nothing), not_finite (a sum exceeds a double; nothing),
-- value_missing (a visit has no value; no area, for nothing is put in its place), z_scored (no
-- area, for the zero of the scale means nothing), two_days (no slope, which takes three different
-- days; mart.delta_pair has the change per day between two), else ok. There is no row where no
-- visit has a value.
WITH measured AS (
  SELECT
    measurement.measurement_id,
    measurement.extraction_id,
    segmentation.cohort_id,
    segmentation.patient_id,
    segmentation.lesion_id,
    segmentation.rater_id,
    segmentation.repeat_no,
    segmentation.region,
    series.sequence,
    series.modality,
    series.volume_index,
    timepoint.timepoint_id,
    timepoint.study_day,
    timepoint.visit_order
  FROM imaging.measurement
  -- by their ids alone, as in mart.measurement_pair
  JOIN imaging.segmentation ON segmentation.segmentation_id = measurement.segmentation_id
  JOIN imaging.series ON series.series_id = measurement.series_id
  JOIN study.timepoint
    ON timepoint.cohort_id = segmentation.cohort_id
    AND timepoint.patient_id = segmentation.patient_id
    AND timepoint.timepoint_id = segmentation.timepoint_id
  WHERE measurement.current
    -- those above are perturbations, made to judge stability
    AND segmentation.repeat_no <= 1000
),
visit AS (
  SELECT
    measurement_id, extraction_id, cohort_id, patient_id, lesion_id, rater_id, repeat_no, region,
    sequence, modality, volume_index, study_day,
    min(measurement_id) OVER whole AS trajectory_id,
    count(*) OVER whole AS n_visits,
    -- a day counts from their mean, so that the sums lose nothing
    study_day - avg(study_day) OVER whole AS day,
    -- half the days from the visit before to the visit after
    (
      coalesce(lead(study_day) OVER in_time, study_day)
      - coalesce(lag(study_day) OVER in_time, study_day)
    ) / 2.0 AS weight
  FROM measured
  WINDOW
    whole AS (
      PARTITION BY cohort_id, patient_id, lesion_id, rater_id, repeat_no, region, sequence,
        volume_index, extraction_id
    ),
    in_time AS (
      PARTITION BY cohort_id, patient_id, lesion_id, rater_id, repeat_no, region, sequence,
        volume_index, extraction_id
      ORDER BY study_day NULLS LAST, visit_order, timepoint_id
    )
),
trajectory AS (
  SELECT
    trajectory_id, n_visits, extraction_id, cohort_id, patient_id, lesion_id, rater_id, repeat_no,
    region, sequence, modality, volume_index
  FROM visit
  WHERE measurement_id = trajectory_id
),
summed AS (
  -- by the name of the feature, for only so does the choice of one reach the scan of the facts
  SELECT
    visit.trajectory_id,
    feature.feature,
    count(*) AS n_values,
    count(visit.study_day) AS n_days_known,
    min(visit.study_day) AS first_day,
    max(visit.study_day) AS last_day,
    sum(visit.study_day) AS day_sum,
    sum(visit.study_day * visit.study_day) AS day_squares,
    sum(visit.day) AS centred_sum,
    sum(visit.day * visit.day) AS centred_squares,
    sum(feature_value.value) AS value_sum,
    sum(visit.day * feature_value.value) AS products,
    sum(visit.weight * feature_value.value) AS area
  FROM visit
  JOIN imaging.feature_value
    ON feature_value.cohort_id = visit.cohort_id
    AND feature_value.measurement_id = visit.measurement_id
  JOIN vocab.feature ON feature.feature_id = feature_value.feature_id
  WHERE feature_value.value_status = 'ok'
  GROUP BY visit.trajectory_id, feature.feature
),
found AS (
  SELECT
    trajectory_id, feature, n_values, n_days_known, first_day, last_day, area,
    last_day - first_day AS span_days,
    (products - centred_sum * value_sum / n_values)
      / nullif(centred_squares - centred_sum * centred_sum / n_values, 0) AS slope_per_day,
    -- the sum of (day - first_day) (last_day - day): zero if no day lies between
    (first_day + last_day) * day_sum - day_squares - n_values * first_day * last_day
      > 0 AS has_three_days
  FROM summed
),
guarded AS (
  SELECT
    found.feature, found.n_values, found.first_day, found.last_day, found.span_days,
    found.slope_per_day, found.area,
    trajectory.trajectory_id, trajectory.n_visits, trajectory.cohort_id, trajectory.patient_id,
    trajectory.lesion_id, trajectory.rater_id, trajectory.repeat_no, trajectory.region,
    trajectory.sequence, trajectory.modality, trajectory.volume_index, trajectory.extraction_id,
    extraction.profile, extraction.engine, extraction.value_scale,
    CASE
      WHEN found.n_values < 2 THEN 'too_few_values'
      WHEN found.n_days_known < found.n_values THEN 'day_unknown'
      WHEN found.span_days = 0 THEN 'same_day'
      WHEN NOT isfinite(found.slope_per_day) OR NOT isfinite(found.area) THEN 'not_finite'
      WHEN found.n_values < trajectory.n_visits THEN 'value_missing'
      WHEN extraction.value_scale <> 'raw' THEN 'z_scored'
      WHEN NOT found.has_three_days THEN 'two_days'
      ELSE 'ok'
    END AS trajectory_status,
    found.has_three_days
  FROM found
  JOIN trajectory ON trajectory.trajectory_id = found.trajectory_id
  JOIN imaging.extraction ON extraction.extraction_id = trajectory.extraction_id
)
SELECT
  guarded.cohort_id,
  patient.person_id,
  guarded.patient_id,
  guarded.lesion_id,
  guarded.rater_id,
  guarded.repeat_no,
  guarded.sequence,
  guarded.modality,
  guarded.volume_index,
  guarded.region,
  guarded.profile,
  guarded.engine,
  guarded.value_scale,
  guarded.feature,
  guarded.n_visits,
  guarded.n_values,
  guarded.first_day,
  guarded.last_day,
  guarded.span_days,
  CASE
    WHEN guarded.trajectory_status IN ('value_missing', 'z_scored', 'ok')
      AND guarded.has_three_days THEN guarded.slope_per_day
  END AS slope_per_day,
  CASE WHEN guarded.trajectory_status IN ('two_days', 'ok') THEN guarded.area END AS area,
  CASE
    WHEN guarded.trajectory_status IN ('two_days', 'ok') THEN guarded.area / guarded.span_days
  END AS mean_over_time,
  guarded.trajectory_status,
  guarded.extraction_id
FROM guarded
JOIN study.patient
  ON patient.cohort_id = guarded.cohort_id
  AND patient.patient_id = guarded.patient_id
