-- title: Functions that stand in FROM
-- grain: a function
SELECT DISTINCT
  lower(function_name) AS function_name
FROM duckdb_functions()
WHERE
  function_type IN ('table', 'table_macro')
