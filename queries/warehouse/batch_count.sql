-- title: How many batches there are
-- grain: one row
-- reference: ops.batch
SELECT count(*) AS n_batches
FROM ops.batch
