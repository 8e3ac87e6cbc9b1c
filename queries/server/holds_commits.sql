-- title: Whether anything was ever committed to the catalogue of the connection's schema
-- grain: one row
-- reference: ducklake_snapshot
--
-- Sent to PostgreSQL as it is.
SELECT max(snapshot_id) > 0 AS held FROM ducklake_snapshot
