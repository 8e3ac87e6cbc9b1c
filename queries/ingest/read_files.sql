-- title: Files of a cohort that were read, with the batch that read them last
-- grain: a file x batch
-- reference: ops.image_file, ops.source_file
SELECT file_path, batch_id
FROM ops.image_file
WHERE cohort_id = $cohort_id
UNION
SELECT file_path, batch_id
FROM ops.source_file
WHERE cohort_id = $cohort_id
