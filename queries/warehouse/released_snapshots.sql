-- title: Snapshots that releases were made from
-- grain: a snapshot
-- reference: ops.release
SELECT DISTINCT
  snapshot_id
FROM ops.release
