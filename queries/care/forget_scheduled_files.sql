-- title: Files that no snapshot needs, and that are to be removed
-- grain: the catalogue
-- reference: ducklake_files_scheduled_for_deletion of the DuckLake 1.0 catalogue; asked of SQLite
--
-- For a copy of the catalogue, beside which those files do not lie.
DELETE FROM ducklake_files_scheduled_for_deletion
