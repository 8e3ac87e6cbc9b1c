-- title: Answer of PostgreSQL itself to a query that is sent as it is
-- grain: a row of the answer
-- reference: postgres_query of the DuckDB extension
FROM postgres_query($server, $sent)
