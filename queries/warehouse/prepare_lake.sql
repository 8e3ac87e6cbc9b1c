-- title: Options of a new lake; they persist in the catalogue
-- data_inlining_row_limit stays 0: any other value crashes DuckDB 1.5.5 on a lake with views
CALL lake.set_option('data_inlining_row_limit', 0);
CALL lake.set_option('parquet_version', 2);
CALL lake.set_option('parquet_compression', 'zstd');
CALL lake.set_option('require_commit_message', true);
