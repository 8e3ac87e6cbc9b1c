-- title: How the ids of every table meet the patients of its cohort
-- grain: a table of a cohort file
-- reference: ops.source_file, ops.unmatched_id
-- since: 0.1.0
--
-- n_matched of the n_ids patients of a table have images or ready-made features; in a cohort
-- without, they were known from elsewhere when the table was joined. n_only_in_cohort counts
-- patients of the cohort whom the file lacks. proposed_rules are id rules that would match more,
-- where more than a fifth are lost and there are such rules; they are applied once somebody writes
-- them under normalise. The ids themselves stand in ops.unmatched_id, with the most similar one of
-- the other side.
WITH unmatched AS (
  SELECT cohort_id, file_path, count(*) FILTER (side = 'cohort') AS n_only_in_cohort
  FROM ops.unmatched_id
  GROUP BY cohort_id, file_path
)
SELECT
  source_file.cohort_id,
  source_file.file_path,
  source_file.kind,
  source_file.n_ids,
  source_file.n_matched,
  source_file.n_ids - source_file.n_matched AS n_only_in_table,
  coalesce(unmatched.n_only_in_cohort, 0) AS n_only_in_cohort,
  (source_file.n_ids - source_file.n_matched) / nullif(source_file.n_ids, 0) AS lost_part,
  source_file.proposed_rules
FROM ops.source_file
LEFT JOIN unmatched
  ON unmatched.cohort_id = source_file.cohort_id
  AND unmatched.file_path = source_file.file_path
