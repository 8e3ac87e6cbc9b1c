-- title: A lake in memory, for what needs tables but no rows
-- no file is ever written, so the data path leads nowhere
ATTACH 'ducklake::memory:' AS lake (DATA_PATH 'nowhere/')
