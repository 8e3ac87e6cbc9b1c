-- title: A run as it was recorded
-- grain: a run
-- reference: ops.analysis_run
SELECT analysis_run_id, fingerprint, counts, current
FROM ops.analysis_run
WHERE analysis_run_id = $analysis_run_id
