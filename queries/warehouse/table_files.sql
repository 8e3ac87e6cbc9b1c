-- title: Files of each table in the last snapshot
-- grain: a table with a data file
-- reference: catalogue of DuckLake
SELECT
  schemas.schema_name || '.' || tables.table_name AS table_name,
  count(DISTINCT files.data_file_id) AS n_files,
  count(DISTINCT deletes.delete_file_id) AS n_deletes,
  CAST(
    sum(files.file_size_bytes) + coalesce(sum(deletes.file_size_bytes), 0) AS BIGINT
  ) AS n_bytes
FROM __ducklake_metadata_lake.ducklake_data_file AS files
JOIN __ducklake_metadata_lake.ducklake_table AS tables
  ON tables.table_id = files.table_id
  AND tables.end_snapshot IS NULL
JOIN __ducklake_metadata_lake.ducklake_schema AS schemas
  ON schemas.schema_id = tables.schema_id
  AND schemas.end_snapshot IS NULL
LEFT JOIN __ducklake_metadata_lake.ducklake_delete_file AS deletes
  ON deletes.data_file_id = files.data_file_id
  AND deletes.end_snapshot IS NULL
WHERE files.end_snapshot IS NULL
GROUP BY ALL
ORDER BY table_name
