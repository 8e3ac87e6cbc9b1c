-- title: Files that a catalogue lists, with what it knows of them
-- grain: a Parquet file of rows or of deleted rows
-- reference: tables of the DuckLake 1.0 catalogue; asked of SQLite itself
--
-- Paths are relative to the table, the table's to the schema, the schema's to the data folder. Files
-- of older snapshots are among them; a table that was altered keeps its folder.
WITH listed AS (
  SELECT table_id, path, path_is_relative, file_size_bytes, record_count AS row_count
  FROM ducklake_data_file
  UNION ALL
  SELECT table_id, path, path_is_relative, file_size_bytes, delete_count AS row_count
  FROM ducklake_delete_file
),
folder AS (
  SELECT
    ducklake_table.table_id,
    ducklake_schema.path || ducklake_table.path AS path,
    ducklake_schema.schema_name || '.' || ducklake_table.table_name AS table_name
  FROM ducklake_table
  JOIN ducklake_schema
    ON ducklake_schema.schema_id = ducklake_table.schema_id
)
SELECT
  listed.path_is_relative = 1 AS is_relative,
  CASE WHEN listed.path_is_relative = 1 THEN max(folder.path) || listed.path ELSE listed.path END AS path,
  max(folder.table_name) AS table_name,
  listed.file_size_bytes AS size_bytes,
  listed.row_count
FROM listed
JOIN folder
  ON folder.table_id = listed.table_id
GROUP BY listed.path_is_relative, listed.path, listed.file_size_bytes, listed.row_count
ORDER BY path
