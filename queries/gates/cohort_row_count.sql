-- title: Rows of a cohort in a table
-- grain: the table
-- reference: any stored table with a cohort_id, named by $table_name
SELECT count(*) AS n_rows
FROM query_table($table_name)
WHERE cohort_id = $cohort_id
