-- title: What a clinical variable says of a patient at a visit
-- grain: a clinical variable of a patient at a visit
-- reference: clinical.variable
-- since: 0.1.0
--
-- What belongs to the patient holds at every visit, unless the visit has a value of its own.
-- value_number is the value where it is a number, value_text is the value as a word. A variable
-- without a value has no row.
SELECT
  timepoint.cohort_id,
  timepoint.patient_id,
  timepoint.timepoint_id,
  variable.variable,
  variable.value_number,
  coalesce(variable.value_text, variable.as_given) AS value_text
FROM study.timepoint
JOIN clinical.variable
  ON variable.cohort_id = timepoint.cohort_id
  AND variable.patient_id = timepoint.patient_id
  AND coalesce(variable.timepoint_id, timepoint.timepoint_id) = timepoint.timepoint_id
WHERE variable.value_status = 'ok'
QUALIFY row_number() OVER (
  PARTITION BY
    timepoint.cohort_id, timepoint.patient_id, timepoint.timepoint_id, variable.variable
  ORDER BY variable.timepoint_id NULLS LAST
) = 1
