-- title: The visit that stands for each named window of days
-- grain: a patient of a cohort x sequence x region x window
-- reference: windows in study.yaml
-- since: 0.1.0
--
-- A window is a name for days from_day to to_day, both counted, after its anchor: baseline, the
-- first visit of mart.delta_radiomics; day_zero of the cohort; rt_end, the first day of
-- mart.radiotherapy_end; or another anchor of mart.anchor, the first event of that type.
-- post_treatment comes with roentgene: days 7 to 14 after radiotherapy ended. Of the visits at
-- which the region was measured, or tried, on the sequence, the baseline left out, the one nearest
-- the middle of the window stands for it; of two equally near ones the earlier, then the one with
-- the lower visit_order, then the first by timepoint_id, and tied_timepoints names the others.
-- n_visits counts all that lie in the window. window_status is ok; no_visit; day_unknown, where
-- none lies in it but the patient has such a visit without a day; or anchor_unknown. timepoint_id
-- is NULL where it is not ok.
WITH follow_up AS (
  SELECT DISTINCT
    pair.cohort_id, pair.patient_id, pair.sequence, pair.region, pair.timepoint_id,
    pair.study_day, pair.visit_no, pair.baseline_day
  FROM mart_versions.measurement_pair_v1 AS pair
  WHERE pair.from_first_visit
),
course AS (
  SELECT DISTINCT cohort_id, patient_id, sequence, region, baseline_day
  FROM follow_up
),
other_anchor AS (
  SELECT cohort_id, patient_id, anchor, anchor_day
  FROM mart_versions.anchor_v1
  WHERE anchor NOT IN ('baseline', 'day_zero', 'rt_end')
  UNION ALL
  SELECT cohort_id, patient_id, 'rt_end' AS anchor, rt_end_day AS anchor_day
  FROM mart_versions.radiotherapy_end_v1
  WHERE course_no = 1
),
anchored AS (
  SELECT
    course.cohort_id, course.patient_id, course.sequence, course.region,
    day_window.name AS window_name,
    day_window.anchor, day_window.from_day, day_window.to_day,
    CASE day_window.anchor
      WHEN 'baseline' THEN course.baseline_day
      WHEN 'day_zero' THEN 0
      ELSE other_anchor.anchor_day
    END AS anchor_day
  FROM course
  CROSS JOIN study.day_window
  LEFT JOIN other_anchor
    ON other_anchor.cohort_id = course.cohort_id
    AND other_anchor.patient_id = course.patient_id
    AND other_anchor.anchor = day_window.anchor
),
within AS (
  SELECT
    anchored.cohort_id, anchored.patient_id, anchored.sequence, anchored.region,
    anchored.window_name, follow_up.timepoint_id, follow_up.study_day, follow_up.visit_no,
    -- twice the distance, which is whole
    abs(
      2 * (follow_up.study_day - anchored.anchor_day) - anchored.from_day - anchored.to_day
    ) AS distance
  FROM anchored
  JOIN follow_up
    ON follow_up.cohort_id = anchored.cohort_id
    AND follow_up.patient_id = anchored.patient_id
    AND follow_up.sequence = anchored.sequence
    AND follow_up.region = anchored.region
  WHERE follow_up.study_day - anchored.anchor_day BETWEEN anchored.from_day AND anchored.to_day
),
ranked AS (
  SELECT
    cohort_id, patient_id, sequence, region, window_name, timepoint_id, study_day, distance,
    row_number() OVER (
      PARTITION BY cohort_id, patient_id, sequence, region, window_name
      ORDER BY distance, study_day, visit_no
    ) AS place,
    count(*) OVER (
      PARTITION BY cohort_id, patient_id, sequence, region, window_name
    ) AS n_visits
  FROM within
),
tied AS (
  SELECT
    other.cohort_id, other.patient_id, other.sequence, other.region, other.window_name,
    string_agg(other.timepoint_id, ', ' ORDER BY other.place) AS tied_timepoints
  FROM ranked AS other
  JOIN ranked AS chosen
    ON chosen.cohort_id = other.cohort_id
    AND chosen.patient_id = other.patient_id
    AND chosen.sequence = other.sequence
    AND chosen.region = other.region
    AND chosen.window_name = other.window_name
    AND chosen.distance = other.distance
  WHERE chosen.place = 1
    AND other.place > 1
  GROUP BY other.cohort_id, other.patient_id, other.sequence, other.region, other.window_name
),
undated AS (
  SELECT cohort_id, patient_id, sequence, region, bool_or(study_day IS NULL) AS has_undated
  FROM follow_up
  GROUP BY cohort_id, patient_id, sequence, region
)
SELECT
  anchored.cohort_id,
  patient.person_id,
  anchored.patient_id,
  anchored.sequence,
  anchored.region,
  anchored.window_name,
  anchored.anchor,
  anchored.anchor_day,
  anchored.from_day,
  anchored.to_day,
  ranked.timepoint_id,
  ranked.study_day,
  ranked.study_day - anchored.anchor_day AS days_after_anchor,
  coalesce(ranked.n_visits, 0) AS n_visits,
  tied.tied_timepoints,
  CASE
    WHEN anchored.anchor_day IS NULL THEN 'anchor_unknown'
    WHEN ranked.timepoint_id IS NOT NULL THEN 'ok'
    WHEN undated.has_undated THEN 'day_unknown'
    ELSE 'no_visit'
  END AS window_status
FROM anchored
JOIN study.patient
  ON patient.cohort_id = anchored.cohort_id
  AND patient.patient_id = anchored.patient_id
JOIN undated
  ON undated.cohort_id = anchored.cohort_id
  AND undated.patient_id = anchored.patient_id
  AND undated.sequence = anchored.sequence
  AND undated.region = anchored.region
LEFT JOIN ranked
  ON ranked.cohort_id = anchored.cohort_id
  AND ranked.patient_id = anchored.patient_id
  AND ranked.sequence = anchored.sequence
  AND ranked.region = anchored.region
  AND ranked.window_name = anchored.window_name
  AND ranked.place = 1
LEFT JOIN tied
  ON tied.cohort_id = anchored.cohort_id
  AND tied.patient_id = anchored.patient_id
  AND tied.sequence = anchored.sequence
  AND tied.region = anchored.region
  AND tied.window_name = anchored.window_name
