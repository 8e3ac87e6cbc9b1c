-- title: Remove files that no commit ever knew
CALL ducklake_delete_orphaned_files('lake', older_than => $older_than)
