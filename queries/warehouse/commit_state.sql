-- title: What tells one commit from another
-- grain: a migration, batch, run, decision, release or setting
-- reference: ops.migration, ops.batch, ops.analysis_run, ops.quarantine, ops.release, study.setting
--
-- Two stores that answer the same here hold the same commit: nothing is committed without one of
-- these rows.
SELECT 'migration' AS kind, migration AS name, sha256 AS state
FROM ops.migration
UNION ALL
SELECT 'batch', batch_id, CAST(epoch_us(committed_at) AS VARCHAR)
FROM ops.batch
UNION ALL
SELECT 'analysis_run', analysis_run_id, CAST(current AS VARCHAR)
FROM ops.analysis_run
UNION ALL
SELECT 'quarantine', refusal_id, concat_ws(' ', state, epoch_us(decided_at))
FROM ops.quarantine
UNION ALL
SELECT 'release', release, concat_ws(' ', fingerprint, superseded_by)
FROM ops.release
UNION ALL
SELECT 'setting', name, value
FROM study.setting
ORDER BY kind, name, state
