-- title: Rows of a table
-- grain: the table
-- reference: any stored table, named by $table_name
SELECT count(*) AS n_rows
FROM query_table($table_name)
