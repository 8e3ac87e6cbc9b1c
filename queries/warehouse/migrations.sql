-- title: Migrations that were applied
-- grain: a migration
SELECT
  migration,
  sha256
FROM ops.migration
