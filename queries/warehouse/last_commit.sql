-- title: Number of the last snapshot
-- grain: the catalogue
-- reference: ducklake.select, tables ducklake_snapshot; asked of SQLite itself
SELECT max(snapshot_id) AS snapshot_id
FROM ducklake_snapshot
