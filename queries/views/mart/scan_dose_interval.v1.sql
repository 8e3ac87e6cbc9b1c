-- title: Days between each scan and each course of radiation of a patient
-- grain: an imaging visit of a patient x course of radiation, by its source
-- reference: clinical.event (rt_start, rt_end), clinical.treatment, imaging.dose
-- since: 0.1.0
--
-- A course is told by its source: event, from each rt_start to the first rt_end before the next
-- rt_start; treatment, an exposure whose dose is in Gy or cGy; dose, a dose grid with the day of
-- its visit, which is that of planning. days_since_start and days_since_end are scan_day minus the
-- first and the last day: negative where the scan was before. phase is before, during (both days
-- included) or after; NULL where a day that decides it is not known. dose_gy is the dose of the
-- treatment, or the prescription of the grid. Sources are not merged: one course may stand
-- under each of them.
WITH scan AS (
  SELECT
    timepoint.cohort_id, timepoint.patient_id, timepoint.timepoint_id, timepoint.study_day,
    timepoint.visit_order
  FROM study.timepoint
  SEMI JOIN imaging.series
    ON series.cohort_id = timepoint.cohort_id
    AND series.patient_id = timepoint.patient_id
    AND series.timepoint_id = timepoint.timepoint_id
    -- a dose grid is an image too
    AND series.modality IS DISTINCT FROM 'RTDOSE'
),
started AS (
  SELECT
    cohort_id, patient_id, start_day,
    lead(start_day) OVER (PARTITION BY cohort_id, patient_id ORDER BY start_day) AS next_start
  FROM (
    SELECT DISTINCT cohort_id, patient_id, start_day
    FROM clinical.event
    WHERE event_type = 'rt_start'
  ) AS one
),
course AS (
  SELECT
    started.cohort_id, started.patient_id, 'event' AS source, 'rt_start' AS name,
    started.start_day,
    min(ended.start_day) AS stop_day,
    NULL AS dose_gy,
    NULL AS fractions
  FROM started
  LEFT JOIN clinical.event AS ended
    ON ended.cohort_id = started.cohort_id
    AND ended.patient_id = started.patient_id
    AND ended.event_type = 'rt_end'
    AND ended.start_day >= started.start_day
    AND coalesce(ended.start_day < started.next_start, TRUE)
  GROUP BY started.cohort_id, started.patient_id, started.start_day
  UNION ALL
  SELECT
    cohort_id, patient_id, 'treatment' AS source, treatment AS name, start_day, stop_day,
    CASE lower(dose_unit) WHEN 'gy' THEN dose ELSE dose / 100 END AS dose_gy,
    fractions
  FROM clinical.treatment
  WHERE lower(dose_unit) IN ('gy', 'cgy')
  UNION ALL
  SELECT
    dose.cohort_id, dose.patient_id, 'dose' AS source, dose.dose_id AS name,
    timepoint.study_day AS start_day, NULL AS stop_day, dose.prescription_gy AS dose_gy,
    dose.fractions
  FROM imaging.dose
  JOIN study.timepoint
    ON timepoint.cohort_id = dose.cohort_id
    AND timepoint.patient_id = dose.patient_id
    AND timepoint.timepoint_id = dose.timepoint_id
)
SELECT
  scan.cohort_id,
  patient.person_id,
  scan.patient_id,
  scan.timepoint_id,
  scan.visit_order,
  scan.study_day AS scan_day,
  course.source,
  course.name,
  course.start_day,
  course.stop_day,
  course.dose_gy,
  course.fractions,
  scan.study_day - course.start_day AS days_since_start,
  scan.study_day - course.stop_day AS days_since_end,
  CASE
    WHEN scan.study_day < course.start_day THEN 'before'
    WHEN scan.study_day > course.stop_day THEN 'after'
    WHEN scan.study_day BETWEEN course.start_day AND course.stop_day THEN 'during'
  END AS phase
FROM scan
JOIN course
  ON course.cohort_id = scan.cohort_id
  AND course.patient_id = scan.patient_id
JOIN study.patient
  ON patient.cohort_id = scan.cohort_id
  AND patient.patient_id = scan.patient_id
