-- title: Make one run of an analysis the current one of its name
-- grain: the runs of that name
-- reference: ops.analysis_run
UPDATE ops.analysis_run
SET current = (analysis_run_id = $analysis_run_id)
WHERE analysis = $analysis
  AND name = $name
