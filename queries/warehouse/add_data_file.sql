-- title: Make a Parquet file, which lies where the table's own files lie, part of a table
CALL ducklake_add_data_files('lake', $table, $file, schema => $schema)
