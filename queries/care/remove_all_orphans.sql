-- title: Remove every file that no commit knows, however new
CALL ducklake_delete_orphaned_files('lake', cleanup_all => true)
