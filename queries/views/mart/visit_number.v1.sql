-- title: The visits of patients, numbered
-- grain: a visit of a patient
-- reference: study.timepoint
-- since: 0.1.0
--
-- visit_no numbers the visits of the warehouse as it is now, so that views meet on one number; it is
-- not to be kept.
SELECT
  cohort_id,
  patient_id,
  timepoint_id,
  row_number() OVER (ORDER BY cohort_id, patient_id, timepoint_id) AS visit_no
FROM study.timepoint
