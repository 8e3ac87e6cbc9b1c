-- title: Whether this transaction still holds the right to commit
-- grain: one row
-- reference: pg_locks of PostgreSQL
--
-- Sent to PostgreSQL as it is.
SELECT
  EXISTS(
    SELECT 1
    FROM pg_locks
    WHERE locktype = 'advisory'
    AND pid = pg_backend_pid()
    AND granted
    AND CAST(classid AS BIGINT) = CAST(hashtext('roentgene') AS BIGINT) & 4294967295
  ) AS held
