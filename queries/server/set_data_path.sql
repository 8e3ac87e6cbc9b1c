-- title: Tell other clients of DuckLake where the data lie that were moved
-- reference: ducklake_metadata
UPDATE __ducklake_metadata_moved.ducklake_metadata
SET value = $place
WHERE key = 'data_path'
