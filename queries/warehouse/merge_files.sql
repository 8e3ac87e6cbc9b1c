-- title: Merge small files of a table, in its order
CALL ducklake_merge_adjacent_files('lake', $table, schema => $schema)
