-- title: Analyses that read some cohorts
-- grain: an analysis
-- reference: ops.analysis_run
SELECT DISTINCT name
FROM ops.analysis_run
WHERE list_has_any(string_split_regex(spec, '[^A-Za-z0-9_.-]+'), $cohorts)
ORDER BY name
