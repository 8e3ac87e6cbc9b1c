-- title: Runs of analyses, and which one is current
-- grain: a run
-- reference: ops.analysis_run
-- since: 0.1.0
--
-- A run is one question (spec) asked of one state of the data (snapshot_id) with one version of the
-- SQL (sql_hash) and the code; fingerprint is that of its rows, and the same run gives the same one
-- again. The newest run of a name is current, and only its rows are in the views of results; of the
-- others current_run_id says which run took their place, and same_rows whether it found the same.
-- cohort_id is that of the spec; further cohorts, filters, seeds and policies stand in spec, rows in
-- and out of every filter in counts, versions of libraries and BLAS in library_versions.
WITH newest AS (
  SELECT
    analysis, name,
    max(analysis_run_id) AS analysis_run_id,
    max(fingerprint) AS fingerprint
  FROM ops.analysis_run
  WHERE current
  GROUP BY analysis, name
)
SELECT
  CASE WHEN json_valid(analysis_run.spec) THEN analysis_run.spec ->> '$.cohort_id' END AS cohort_id,
  analysis_run.analysis,
  analysis_run.name AS run_name,
  analysis_run.current,
  analysis_run.analysis_run_id,
  newest.analysis_run_id AS current_run_id,
  analysis_run.fingerprint = newest.fingerprint AS same_rows,
  analysis_run.fingerprint,
  analysis_run.spec,
  analysis_run.counts,
  analysis_run.snapshot_id,
  analysis_run.sql_hash,
  analysis_run.code_version,
  analysis_run.library_versions,
  analysis_run.author,
  analysis_run.started_at,
  analysis_run.finished_at
FROM ops.analysis_run
LEFT JOIN newest
  ON newest.analysis = analysis_run.analysis
  AND newest.name = analysis_run.name
