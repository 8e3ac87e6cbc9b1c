-- title: Files that no snapshot of a catalogue in a server needs any more
-- grain: a file
-- reference: tables of the DuckLake 1.0 catalogue
--
-- Paths are relative to the data, as in care/scheduled_files.
SELECT path
FROM __ducklake_metadata_lake.ducklake_files_scheduled_for_deletion
WHERE path_is_relative
