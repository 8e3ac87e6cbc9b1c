-- title: Cohorts with their last batch
-- grain: a cohort
-- reference: study.cohort, ops.batch
WITH patients AS (
  SELECT cohort_id, count(*) AS n_patients
  FROM study.patient
  GROUP BY cohort_id
),
batches AS (
  SELECT
    cohort_id,
    count(*) AS n_batches,
    arg_max(batch, committed_at) AS last_batch
  FROM ops.batch
  GROUP BY cohort_id
)
SELECT
  cohort.cohort_id,
  cohort.title,
  coalesce(patients.n_patients, 0) AS n_patients,
  coalesce(batches.n_batches, 0) AS n_batches,
  batches.last_batch
FROM study.cohort
LEFT JOIN patients ON patients.cohort_id = cohort.cohort_id
LEFT JOIN batches ON batches.cohort_id = cohort.cohort_id
ORDER BY cohort.cohort_id
