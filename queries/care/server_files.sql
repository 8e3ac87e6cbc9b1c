-- title: Files that a catalogue in a server lists, with what it knows of them
-- grain: a Parquet file of rows or of deleted rows
-- reference: tables of the DuckLake 1.0 catalogue
--
-- As care/catalogue_files, through the lake. Paths are relative to the table, the table's to the
-- schema, the schema's to the data.
WITH listed AS (
  SELECT table_id, path, file_size_bytes, record_count AS row_count
  FROM __ducklake_metadata_lake.ducklake_data_file
  UNION ALL
  SELECT table_id, path, file_size_bytes, delete_count AS row_count
  FROM __ducklake_metadata_lake.ducklake_delete_file
),
folder AS (
  -- a table that was renamed or altered stands there once for each of its forms
  SELECT
    ducklake_table.table_id,
    arg_max(ducklake_schema.path || ducklake_table.path, ducklake_table.begin_snapshot) AS path,
    arg_max(
      ducklake_schema.schema_name || '.' || ducklake_table.table_name,
      ducklake_table.begin_snapshot
    ) AS table_name
  FROM __ducklake_metadata_lake.ducklake_table
  JOIN __ducklake_metadata_lake.ducklake_schema
    ON ducklake_schema.schema_id = ducklake_table.schema_id
  GROUP BY ducklake_table.table_id
)
SELECT
  folder.path || listed.path AS path,
  folder.table_name,
  listed.file_size_bytes AS size_bytes,
  listed.row_count
FROM listed
JOIN folder
  ON folder.table_id = listed.table_id
ORDER BY path
