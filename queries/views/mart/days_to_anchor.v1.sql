-- title: Days from everything that has a day to every anchor of its patient
-- grain: a patient of a cohort x what x name x study day x anchor
-- reference: days_to_<event> of the GDC data dictionary; mart.dated_row, mart.anchor
-- since: 0.1.0
--
-- days_to_anchor is anchor_day - study_day: positive where the anchor lies ahead, negative where
-- it is past, NULL where the day of the row is not known. Take one anchor for a column
-- days_to_<anchor>: SELECT …, days_to_anchor AS days_to_progression … WHERE anchor =
-- 'progression'.
SELECT
  dated_row.cohort_id,
  dated_row.person_id,
  dated_row.patient_id,
  dated_row.what,
  dated_row.name,
  dated_row.timepoint_id,
  dated_row.study_day,
  anchor.anchor,
  anchor.anchor_day,
  anchor.anchor_day - dated_row.study_day AS days_to_anchor
FROM mart_versions.dated_row_v1 AS dated_row
JOIN mart_versions.anchor_v1 AS anchor
  ON anchor.cohort_id = dated_row.cohort_id
  AND anchor.patient_id = dated_row.patient_id
