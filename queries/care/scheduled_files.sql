-- title: Files that no snapshot needs any more, and that are to be removed
-- grain: a file
-- reference: tables of the DuckLake 1.0 catalogue; asked of SQLite itself
--
-- Paths are relative to the data folder.
SELECT path
FROM ducklake_files_scheduled_for_deletion
WHERE path_is_relative = 1
