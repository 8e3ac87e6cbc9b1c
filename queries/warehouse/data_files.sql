-- title: Files that the catalogue lists, those of older snapshots included
-- grain: a Parquet file of rows or of deleted rows
-- reference: tables of the DuckLake 1.0 catalogue
--
-- Paths are relative to the table, the table's to the schema, the schema's to the data folder.
WITH listed AS (
  SELECT table_id, path, path_is_relative, file_size_bytes
  FROM __ducklake_metadata_lake.ducklake_data_file
  UNION ALL
  SELECT table_id, path, path_is_relative, file_size_bytes
  FROM __ducklake_metadata_lake.ducklake_delete_file
),
named AS (
  -- a table that was renamed or altered stands there once for each of its forms
  SELECT
    ducklake_table.table_id,
    arg_max(ducklake_schema.schema_name, ducklake_table.begin_snapshot) AS schema_name,
    arg_max(ducklake_table.table_name, ducklake_table.begin_snapshot) AS table_name,
    arg_max(ducklake_schema.path || ducklake_table.path, ducklake_table.begin_snapshot) AS folder
  FROM __ducklake_metadata_lake.ducklake_table
  JOIN __ducklake_metadata_lake.ducklake_schema
    ON ducklake_schema.schema_id = ducklake_table.schema_id
  GROUP BY ducklake_table.table_id
)
SELECT
  named.schema_name || '.' || named.table_name AS table_name,
  CASE WHEN listed.path_is_relative = 1 THEN named.folder || listed.path ELSE listed.path END AS path,
  listed.file_size_bytes AS size_bytes
FROM listed
JOIN named ON named.table_id = listed.table_id
ORDER BY table_name, path
