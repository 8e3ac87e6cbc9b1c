-- title: A file that every process can read, and the sandbox must not
SELECT count(*) AS n_files
FROM read_text('/proc/self/status')
