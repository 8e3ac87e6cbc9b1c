-- title: Files that the catalogue lists, by their number, with their keys and their columns
-- grain: a Parquet file of rows or of deleted rows
-- reference: tables of the DuckLake 1.0 catalogue
--
-- A file of rows and one of deleted rows may have the same number.
WITH listed AS (
  SELECT
    'ducklake_data_file' AS listed_in,
    data_file_id AS file_id,
    table_id,
    begin_snapshot,
    path,
    encryption_key,
    NOT mapping_id IS NULL AS columns_by_name
  FROM __ducklake_metadata_lake.ducklake_data_file
  UNION ALL
  SELECT
    'ducklake_delete_file' AS listed_in,
    delete_file_id AS file_id,
    table_id,
    begin_snapshot,
    path,
    encryption_key,
    FALSE AS columns_by_name
  FROM __ducklake_metadata_lake.ducklake_delete_file
),
folder AS (
  -- a table that was renamed or altered stands there once for each of its forms
  SELECT
    ducklake_table.table_id,
    arg_max(ducklake_schema.path || ducklake_table.path, ducklake_table.begin_snapshot) AS path
  FROM __ducklake_metadata_lake.ducklake_table
  JOIN __ducklake_metadata_lake.ducklake_schema
    ON ducklake_schema.schema_id = ducklake_table.schema_id
  GROUP BY ducklake_table.table_id
),
numbered AS (
  SELECT
    listed.listed_in,
    listed.file_id,
    list(ducklake_column.column_name ORDER BY ducklake_column.column_id) AS names,
    list(ducklake_column.column_id ORDER BY ducklake_column.column_id) AS numbers
  FROM listed
  JOIN __ducklake_metadata_lake.ducklake_column
    ON ducklake_column.table_id = listed.table_id
    AND ducklake_column.begin_snapshot <= listed.begin_snapshot
    AND coalesce(ducklake_column.end_snapshot > listed.begin_snapshot, TRUE)
  WHERE listed.listed_in = 'ducklake_data_file'
  GROUP BY listed.listed_in, listed.file_id
)
SELECT
  listed.listed_in,
  listed.file_id,
  folder.path AS table_folder,
  listed.path,
  listed.encryption_key,
  listed.columns_by_name,
  numbered.names,
  numbered.numbers
FROM listed
JOIN folder ON folder.table_id = listed.table_id
LEFT JOIN numbered
  ON numbered.listed_in = listed.listed_in AND numbered.file_id = listed.file_id
ORDER BY table_folder, listed.path
