-- title: Table files of a cohort as they were last ingested
-- grain: a file x kind of table
-- reference: ops.source_file
SELECT
  file_path, kind, content_hash, known_hash, n_rows, n_ids, n_matched, proposed_rules
FROM ops.source_file
WHERE cohort_id = $cohort_id
