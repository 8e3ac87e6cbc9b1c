-- title: Files that tables of a cohort were last read from
-- grain: a file and kind
-- reference: ops.source_file
SELECT
  cohort_id,
  file_path,
  kind,
  content_hash,
  batch_id
FROM ops.source_file
WHERE cohort_id = $cohort_id
ORDER BY file_path, kind
