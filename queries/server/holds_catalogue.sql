-- title: Whether the schema of the connection holds a catalogue of DuckLake
-- grain: one row
-- reference: pg_tables of PostgreSQL
--
-- Sent to PostgreSQL as it is.
SELECT
  EXISTS(
    SELECT 1
    FROM pg_tables
    WHERE schemaname = current_schema()
    AND tablename LIKE 'ducklake\_%'
  ) AS held
