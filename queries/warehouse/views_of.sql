-- title: Views of an attached database
-- grain: a view
SELECT
  schema_name,
  view_name
FROM duckdb_views()
WHERE database_name = $database
  AND NOT internal
