-- title: What the data of a cohort depend on
-- grain: a batch, setting, withdrawal, earlier analysis, collection of gene sets or view
-- reference: ops.batch, study.setting, ops.withdrawal, ops.analysis_run, vocab.gene_set
--
-- Two warehouses, or two snapshots of one, that answer the same here hold the same data for an
-- analysis. The snapshot number cannot say so: it counts the commits of the analyses, too.
SELECT 'batch' AS kind, batch_id AS name, NULL AS value
FROM ops.batch
WHERE cohort_id = ANY($cohorts)
UNION ALL
SELECT 'setting', name, value
FROM study.setting
UNION ALL
SELECT 'withdrawal', person_hash, scope
FROM ops.withdrawal
UNION ALL
SELECT 'analysis', name, analysis_run_id
FROM ops.analysis_run
WHERE current
  AND name = ANY($runs)
UNION ALL
SELECT
  'gene_set',
  collection || '@' || version,
  md5(string_agg(gene_set || chr(9) || hugo_symbol, chr(10) ORDER BY gene_set, hugo_symbol))
FROM vocab.gene_set
WHERE collection = ANY($collections)
GROUP BY collection, version
UNION ALL
SELECT 'view', view_name, sql
FROM duckdb_views()
WHERE database_name = current_database()
  AND schema_name = 'mart'
ORDER BY kind, name
