-- title: Version of the server
-- grain: one row
-- reference: pg_settings of PostgreSQL
--
-- Sent to PostgreSQL as it is.
SELECT current_setting('server_version') AS version
