-- title: Image and mask files of a cohort as they were last read
-- grain: a file
-- reference: ops.image_file
SELECT file_path, content_hash, state
FROM ops.image_file
WHERE cohort_id = $cohort_id
