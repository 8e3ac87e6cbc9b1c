-- title: Whether the sandbox answers at all
SELECT 1 AS answer
