-- title: Remove every file that no snapshot needs, however new
CALL ducklake_cleanup_old_files('lake', cleanup_all => true)
