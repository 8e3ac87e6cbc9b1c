-- title: Whether a withdrawal was committed
-- grain: one row
-- reference: ops.withdrawal
SELECT count(*) AS n_hashes
FROM ops.withdrawal
WHERE withdrawal_id = $withdrawal_id
