-- title: Least and greatest values of columns as the files have them that are left
-- reference: catalogue of DuckLake, in the words of SQLite
--
-- DuckLake 1.5.5 never narrows them where a file goes whole: the id of somebody whose file that was
-- would stand here for ever. Values are compared by their type, not as the texts that are kept of
-- them; a table without files has those of a new one.
UPDATE ducklake_table_column_stats
SET
  min_value = coalesce(
    (
      SELECT files.min_value
      FROM ducklake_file_column_stats AS files
      JOIN ducklake_column AS columns
        ON columns.table_id = files.table_id
        AND columns.column_id = files.column_id
        AND columns.end_snapshot IS NULL
      WHERE files.table_id = ducklake_table_column_stats.table_id
        AND files.column_id = ducklake_table_column_stats.column_id
        AND files.min_value IS NOT NULL
      ORDER BY
        CASE
          WHEN columns.column_type IN ('int32', 'int64') THEN CAST(files.min_value AS INTEGER)
          WHEN columns.column_type = 'float64' THEN CAST(files.min_value AS REAL)
          ELSE files.min_value
        END
      LIMIT 1
    ),
    (
      SELECT
        CASE columns.column_type
          WHEN 'varchar' THEN ''
          WHEN 'timestamptz' THEN '1970-01-01 00:00:00+00'
          ELSE '0'
        END
      FROM ducklake_column AS columns
      WHERE columns.table_id = ducklake_table_column_stats.table_id
        AND columns.column_id = ducklake_table_column_stats.column_id
        AND columns.end_snapshot IS NULL
    )
  ),
  max_value = coalesce(
    (
      SELECT files.max_value
      FROM ducklake_file_column_stats AS files
      JOIN ducklake_column AS columns
        ON columns.table_id = files.table_id
        AND columns.column_id = files.column_id
        AND columns.end_snapshot IS NULL
      WHERE files.table_id = ducklake_table_column_stats.table_id
        AND files.column_id = ducklake_table_column_stats.column_id
        AND files.max_value IS NOT NULL
      ORDER BY
        CASE
          WHEN columns.column_type IN ('int32', 'int64') THEN CAST(files.max_value AS INTEGER)
          WHEN columns.column_type = 'float64' THEN CAST(files.max_value AS REAL)
          ELSE files.max_value
        END DESC
      LIMIT 1
    ),
    (
      SELECT
        CASE columns.column_type
          WHEN 'varchar' THEN ''
          WHEN 'timestamptz' THEN '1970-01-01 00:00:00+00'
          ELSE '0'
        END
      FROM ducklake_column AS columns
      WHERE columns.table_id = ducklake_table_column_stats.table_id
        AND columns.column_id = ducklake_table_column_stats.column_id
        AND columns.end_snapshot IS NULL
    )
  )
WHERE min_value IS NOT NULL
  AND NOT EXISTS (
    SELECT 1
    FROM ducklake_file_column_stats AS files
    WHERE files.table_id = ducklake_table_column_stats.table_id
      AND files.column_id = ducklake_table_column_stats.column_id
      AND files.value_count > 0
      AND files.min_value IS NULL
  )
