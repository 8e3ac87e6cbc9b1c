-- title: Let snapshots expire, by their numbers
CALL ducklake_expire_snapshots('lake', versions => $versions)
