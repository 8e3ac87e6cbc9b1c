-- title: Say that a release was superseded
-- grain: a release
--
-- The spec goes too, for it may name patients.
UPDATE ops.release
SET
  superseded_by = $superseded_by,
  reason = $reason,
  spec = '{}'
WHERE release = $release
