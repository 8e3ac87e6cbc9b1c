-- title: Write files of a table anew without the rows that were deleted from them
CALL ducklake_rewrite_data_files('lake', $table, schema => $schema, delete_threshold => 0)
