-- title: Snapshots of the lake that have not expired
-- grain: a commit
SELECT
  snapshot_id,
  snapshot_time,
  author,
  commit_message
-- not lake.snapshots(): to look that name up, the whole catalogue is read
FROM ducklake_snapshots('lake')
ORDER BY snapshot_id
