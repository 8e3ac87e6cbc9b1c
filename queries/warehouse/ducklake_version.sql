-- title: Version of DuckLake's own tables, as SQLite reads it
-- grain: one row
-- reference: catalogue of DuckLake
SELECT value
FROM ducklake_metadata
WHERE key = 'version'
