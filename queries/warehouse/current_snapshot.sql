-- title: Last snapshot, as a transaction sees it
-- grain: one row
SELECT CAST(id AS BIGINT) AS snapshot_id
FROM lake.current_snapshot()
