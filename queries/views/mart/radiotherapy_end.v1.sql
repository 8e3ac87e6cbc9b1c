-- title: When radiotherapy ended
-- grain: a patient of a cohort x day on which a course of radiotherapy ended
-- reference: clinical.event, clinical.treatment
-- since: 0.1.0
--
-- The end of each course that has a day: the day of an event rt_end, or the last day of an event or
-- treatment that is called radiotherapy. course_no numbers the days of a patient from the first. A
-- course of which only the first day is known has no row, and neither has who was never irradiated.
WITH course AS (
  SELECT cohort_id, patient_id, start_day AS rt_end_day
  FROM clinical.event
  WHERE event_type = 'rt_end'
  UNION
  SELECT cohort_id, patient_id, stop_day AS rt_end_day
  FROM clinical.event
  WHERE event_type = 'radiotherapy'
    AND stop_day IS NOT NULL
  UNION
  SELECT cohort_id, patient_id, stop_day AS rt_end_day
  FROM clinical.treatment
  WHERE treatment = 'radiotherapy'
    AND stop_day IS NOT NULL
)
SELECT
  course.cohort_id,
  patient.person_id,
  course.patient_id,
  course.rt_end_day,
  row_number() OVER (
    PARTITION BY course.cohort_id, course.patient_id ORDER BY course.rt_end_day
  ) AS course_no
FROM course
JOIN study.patient
  ON patient.cohort_id = course.cohort_id
  AND patient.patient_id = course.patient_id
WHERE course.rt_end_day IS NOT NULL
