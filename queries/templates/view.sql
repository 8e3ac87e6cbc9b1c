-- title: What one row tells, in one line
-- grain: a patient of a cohort
-- reference: the paper, standard or setting that the formula comes from
-- since: $since
--
-- What the view is for, what each column that needs it means, and where there is no row. Read stored
-- tables and numbered views alone (mart_versions.<name>_v<N>), so that the answer never changes.
SELECT
  patient.cohort_id,
  patient.person_id,
  patient.patient_id
FROM study.patient
