-- title: Whether the lake has been migrated at all
SELECT COUNT(*) > 0
FROM duckdb_tables()
WHERE
  database_name = 'lake'
  AND schema_name = 'ops'
  AND table_name = 'migration'
