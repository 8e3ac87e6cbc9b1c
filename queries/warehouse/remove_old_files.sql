-- title: Remove files that no snapshot needs any more
CALL ducklake_cleanup_old_files('lake', older_than => $older_than)
