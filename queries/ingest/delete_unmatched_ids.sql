-- title: Delete the unmatched ids of tables that were joined anew
-- grain: an unmatched id
-- reference: ops.unmatched_id
DELETE FROM ops.unmatched_id
WHERE cohort_id = $cohort_id
  AND file_path IN (SELECT unnest($files))
