-- title: Ids of a cohort's tables that the other side does not have
-- grain: a file x side x id
-- reference: ops.unmatched_id
SELECT file_path, side, id, nearest
FROM ops.unmatched_id
WHERE cohort_id = $cohort_id
ORDER BY file_path, side, id
