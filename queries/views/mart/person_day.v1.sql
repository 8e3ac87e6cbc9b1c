-- title: One time line of each person over all cohorts
-- grain: a patient of a cohort x what x name x study day
-- reference: study.person_link; mart.dated_row
-- since: 0.1.0
--
-- person_day counts from the day zero of the cohort by whose patient the person is known: it is
-- study_day there, and study_day + zero_offset_days in a cohort that is linked to it. It is NULL
-- where the offset of the link or the day is not known: cohorts with different day zeros meet over
-- a stored offset and over nothing else.
WITH linked AS (
  SELECT
    patient.cohort_id,
    patient.patient_id,
    CASE
      WHEN patient.person_id = concat(patient.cohort_id, ':', patient.patient_id) THEN 0
      ELSE coalesce(there.zero_offset_days, -back.zero_offset_days)
    END AS zero_offset_days
  FROM study.patient
  LEFT JOIN study.person_link AS there
    ON there.cohort_id = patient.cohort_id
    AND there.patient_id = patient.patient_id
    AND concat(there.other_cohort_id, ':', there.other_patient_id) = patient.person_id
  -- the same link as the other cohort's table says it
  LEFT JOIN study.person_link AS back
    ON back.other_cohort_id = patient.cohort_id
    AND back.other_patient_id = patient.patient_id
    AND concat(back.cohort_id, ':', back.patient_id) = patient.person_id
)
SELECT
  dated_row.cohort_id,
  dated_row.person_id,
  dated_row.patient_id,
  dated_row.what,
  dated_row.name,
  dated_row.timepoint_id,
  dated_row.study_day,
  linked.zero_offset_days,
  dated_row.study_day + linked.zero_offset_days AS person_day
FROM mart_versions.dated_row_v1 AS dated_row
JOIN linked
  ON linked.cohort_id = dated_row.cohort_id
  AND linked.patient_id = dated_row.patient_id
