-- title: Batches, the newest first
-- grain: a batch
-- reference: ops.batch
SELECT
  batch_id,
  cohort_id,
  author,
  message,
  committed_at,
  code_version,
  n_measurements,
  n_values,
  n_table_rows,
  n_refused
FROM ops.batch
ORDER BY committed_at DESC, batch_id DESC
