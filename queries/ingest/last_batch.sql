-- title: The last batch of a cohort
-- grain: at most one row
-- reference: ops.batch
SELECT batch_id
FROM ops.batch
WHERE cohort_id = $cohort_id
ORDER BY committed_at DESC, batch_id DESC
LIMIT 1
