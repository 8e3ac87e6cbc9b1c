-- title: Whether the files of data are encrypted
-- grain: one row
-- reference: ducklake_metadata
SELECT coalesce(bool_or(value = 'true'), FALSE) AS is_encrypted
FROM __ducklake_metadata_lake.ducklake_metadata
WHERE key = 'encrypted'
