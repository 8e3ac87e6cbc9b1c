-- title: Tables that hold anything
-- grain: a table with a data file
-- reference: catalogue of DuckLake
--
-- No row stands in the catalogue itself, for inlining is off (prepare_lake), so a table without a
-- file is empty. What the running transaction has written does not count yet.
SELECT DISTINCT schemas.schema_name || '.' || tables.table_name AS table_name
FROM __ducklake_metadata_lake.ducklake_data_file AS files
JOIN __ducklake_metadata_lake.ducklake_table AS tables
  ON tables.table_id = files.table_id
  AND tables.end_snapshot IS NULL
JOIN __ducklake_metadata_lake.ducklake_schema AS schemas
  ON schemas.schema_id = tables.schema_id
  AND schemas.end_snapshot IS NULL
WHERE files.end_snapshot IS NULL
