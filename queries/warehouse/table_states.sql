-- title: What tells one state of a table from another
-- grain: a table with a data file
-- reference: catalogue of DuckLake
--
-- The files that hold its rows and its deletes: DuckLake never changes a file, and no number is
-- given twice. What the running transaction has written does not count yet.
SELECT
  schemas.schema_name || '.' || tables.table_name AS table_name,
  md5(
    string_agg(
      concat_ws(' ', tables.table_uuid, files.data_file_id, deletes.delete_file_id),
      ',' ORDER BY files.data_file_id, deletes.delete_file_id
    )
  ) AS state,
  CAST(sum(files.record_count) AS BIGINT) AS n_rows
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
