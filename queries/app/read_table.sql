-- title: Read every value of a table
-- grain: the table
-- reference: any stored table, named by $table_name
--
-- count(*) alone is answered from statistics, even where the files are gone.
SELECT
  count(*) AS n_rows,
  bit_xor(hash(stored)) AS digest
FROM query_table($table_name) AS stored
