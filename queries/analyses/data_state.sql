-- title: What the data of a cohort depend on
-- grain: a batch, setting, withdrawal or view
-- reference: ops.batch, study.setting, ops.withdrawal
--
-- Two warehouses, or two snapshots of one, that answer the same here hold the same data for an
-- analysis. The snapshot number cannot say so: it counts the commits of the analyses, too.
SELECT 'batch' AS kind, batch_id AS name, NULL AS value
FROM ops.batch
WHERE cohort_id = $cohort_id
UNION ALL
SELECT 'setting', name, value
FROM study.setting
UNION ALL
SELECT 'withdrawal', person_hash, scope
FROM ops.withdrawal
UNION ALL
SELECT 'view', view_name, sql
FROM duckdb_views()
WHERE database_name = current_database()
  AND schema_name = 'mart'
  AND view_name IN ('patient_feature', 'gene_status')
ORDER BY kind, name
