-- title: Times to events of persons, with the day of the anchor and of the visit
-- grain: an endpoint of a patient counted from an anchor
-- reference: clinical.outcome; mart.anchor; study.timepoint
--
-- Identical rows of a person, as of two patients who are one, are one row. anchor_day and
-- study_day count from the cohort's day zero, and say whether the visit lies after the anchor.
SELECT DISTINCT
  patient.person_id,
  outcome.endpoint,
  outcome.start_anchor,
  outcome.time_days,
  outcome.event,
  anchor.anchor_day,
  timepoint.study_day
FROM clinical.outcome
JOIN study.patient
  ON patient.cohort_id = outcome.cohort_id
  AND patient.patient_id = outcome.patient_id
LEFT JOIN mart.anchor AS anchor
  ON anchor.cohort_id = outcome.cohort_id
  AND anchor.patient_id = outcome.patient_id
  AND anchor.anchor = outcome.start_anchor
LEFT JOIN study.timepoint
  ON timepoint.cohort_id = outcome.cohort_id
  AND timepoint.patient_id = outcome.patient_id
  AND timepoint.timepoint_id = $timepoint
WHERE outcome.cohort_id = $cohort_id
  AND ($endpoints IS NULL OR list_contains(CAST($endpoints AS VARCHAR[]), outcome.endpoint))
  AND ($start_anchor IS NULL OR outcome.start_anchor = $start_anchor)
ORDER BY ALL
