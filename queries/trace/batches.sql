-- title: The commit of a batch
-- grain: a batch
-- reference: ops.batch
SELECT
  batch_id,
  cohort_id,
  author,
  message,
  committed_at,
  code_version
FROM ops.batch
WHERE batch_id = $batch_id
