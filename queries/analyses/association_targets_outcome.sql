-- title: Whether an event was seen, as a number
-- grain: an endpoint of a person; several only where start anchors differ in the event
-- reference: clinical.outcome: event 1 is 1, censored is 0, a competing event is missing
--
-- Rank correlation with the indicator leaves the time of follow-up aside; where it differs
-- between persons, a survival analysis is the right one.
SELECT DISTINCT
  patient.person_id,
  outcome.endpoint AS target,
  CAST(outcome.event AS DOUBLE) AS value
FROM clinical.outcome
JOIN study.patient
  ON patient.cohort_id = outcome.cohort_id
  AND patient.patient_id = outcome.patient_id
WHERE outcome.cohort_id = ANY($cohorts)
  AND ($names IS NULL OR list_contains(CAST($names AS VARCHAR[]), outcome.endpoint))
  AND ($start_anchor IS NULL OR outcome.start_anchor = $start_anchor)
  AND outcome.event IN (0, 1)
ORDER BY target, patient.person_id, value
