-- title: Persons who withdrew, by the keyed hash of their names
-- grain: a name of a person and a scope
-- reference: ops.withdrawal
SELECT
  person_hash,
  scope,
  withdrawal_id
FROM ops.withdrawal
ORDER BY person_hash, scope
