-- title: Tell clients of DuckLake where the data lie that were moved, and whether they are encrypted
-- reference: ducklake_metadata
UPDATE __ducklake_metadata_moved.ducklake_metadata
SET value = CASE key WHEN 'data_path' THEN $place ELSE $encrypted END
WHERE key IN ('data_path', 'encrypted')
