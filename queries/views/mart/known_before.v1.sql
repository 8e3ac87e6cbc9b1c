-- title: What may predict an outcome, for it was known when its time begins
-- grain: a patient of a cohort x endpoint x start anchor x what x name x study day
-- reference: mart.anchor_guard
-- since: 0.1.0
--
-- The rows of mart.anchor_guard with guard_status known; join features and clinical variables of a
-- visit by timepoint_id. n_excluded counts the patient's other rows of that kind, which came later
-- or have no day; a patient of whom nothing was known in time has no row here, and stands in
-- mart.anchor_guard with the reason.
WITH guarded AS (
  SELECT
    cohort_id, person_id, patient_id, endpoint, start_anchor, anchor_day, end_day, what, name,
    timepoint_id, study_day, guard_status,
    count(*) FILTER (guard_status <> 'known') OVER (
      PARTITION BY cohort_id, patient_id, endpoint, start_anchor, what
    ) AS n_excluded
  FROM mart_versions.anchor_guard_v1
)
SELECT
  cohort_id,
  person_id,
  patient_id,
  endpoint,
  start_anchor,
  what,
  name,
  timepoint_id,
  study_day,
  anchor_day - study_day AS days_before_anchor,
  n_excluded
FROM guarded
WHERE guard_status = 'known'
