-- title: The anchors that days are counted to and from
-- grain: a patient of a cohort x anchor
-- reference: day_zero of the cohort file; clinical.event
-- since: 0.1.0
--
-- anchor is the cohort's day zero, on day 0, and every kind of event of the patient, on the first
-- day on which one began. An event that is called like the day zero does not move it.
SELECT
  patient.cohort_id,
  patient.person_id,
  patient.patient_id,
  cohort.day_zero AS anchor,
  0 AS anchor_day
FROM study.patient
JOIN study.cohort ON cohort.cohort_id = patient.cohort_id
UNION ALL
SELECT
  event.cohort_id,
  patient.person_id,
  event.patient_id,
  event.event_type AS anchor,
  min(event.start_day) AS anchor_day
FROM clinical.event
JOIN study.patient
  ON patient.cohort_id = event.cohort_id
  AND patient.patient_id = event.patient_id
JOIN study.cohort ON cohort.cohort_id = event.cohort_id
WHERE event.event_type <> cohort.day_zero
GROUP BY event.cohort_id, patient.person_id, event.patient_id, event.event_type
