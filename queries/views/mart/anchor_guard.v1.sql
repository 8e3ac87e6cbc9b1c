-- title: What was known of a patient before an outcome is counted, and what came later
-- grain: a patient of a cohort x endpoint x start anchor x what x name x study day
-- reference: clinical.outcome; immortal time bias (Suissa 2008); mart.dated_row, mart.anchor
-- since: 0.1.0
--
-- guard_status of each row as a predictor of the outcome: known, on the day of the anchor from which
-- its time counts, or before; after_anchor, later, while the patient was followed; after_end, later
-- than the event or the end of follow-up; day_unknown; anchor_unknown, where the patient has no
-- such anchor. Only rows that are known may predict the outcome from its anchor:
-- mart.known_before has them alone. after_anchor is for landmark analyses, which count from a later
-- anchor; after_end predicts nothing. end_day is the day of the event or of the last follow-up.
SELECT
  outcome.cohort_id,
  dated_row.person_id,
  outcome.patient_id,
  outcome.endpoint,
  outcome.start_anchor,
  anchor.anchor_day,
  anchor.anchor_day + outcome.time_days AS end_day,
  dated_row.what,
  dated_row.name,
  dated_row.timepoint_id,
  dated_row.study_day,
  CASE
    WHEN anchor.anchor_day IS NULL THEN 'anchor_unknown'
    WHEN dated_row.study_day IS NULL THEN 'day_unknown'
    WHEN dated_row.study_day <= anchor.anchor_day THEN 'known'
    WHEN dated_row.study_day > anchor.anchor_day + outcome.time_days THEN 'after_end'
    ELSE 'after_anchor'
  END AS guard_status
FROM clinical.outcome
JOIN mart_versions.dated_row_v1 AS dated_row
  ON dated_row.cohort_id = outcome.cohort_id
  AND dated_row.patient_id = outcome.patient_id
LEFT JOIN mart_versions.anchor_v1 AS anchor
  ON anchor.cohort_id = outcome.cohort_id
  AND anchor.patient_id = outcome.patient_id
  AND anchor.anchor = outcome.start_anchor
