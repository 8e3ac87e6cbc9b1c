-- title: The result of each marker of a patient, and whether its sources agree
-- grain: a patient of a cohort x marker
-- reference: mart.patient_marker_result and mart.marker_contradiction
-- since: 0.1.0
--
-- The result is that of the best source that has one: a biomarker table, then the mutation tables
-- (mart.gene_status, by the genes that the marker speaks of), then clinical columns of the patient,
-- then those of the specimens. Where the rows of that source disagree, or one of them passed rows
-- over that said otherwise, there is no result. result_status: ok; contradictory, the best source
-- disagrees with itself; undecided, a source speaks of the marker and none reached a result.
-- contradicted says that any two sources, or rows of one, say different things (they stand in
-- mart.marker_contradiction), though there is a result. results has what each source says. A
-- marker of which nothing is known has no row: not to be tested is not to be wild type.
WITH contradicted AS (
  SELECT DISTINCT cohort_id, patient_id, fact AS marker
  FROM mart_versions.marker_contradiction_v1
  WHERE kind = 'marker'
    AND contradiction = 'opposite'
)
SELECT
  marker_result.cohort_id,
  marker_result.person_id,
  marker_result.patient_id,
  marker_result.marker,
  marker_result.result,
  marker_result.result_status,
  marker_result.source,
  marker_result.disagree OR contradicted.marker IS NOT NULL AS contradicted,
  marker_result.n_sources,
  marker_result.results
FROM mart_versions.patient_marker_result_v1 AS marker_result
LEFT JOIN contradicted
  ON contradicted.cohort_id = marker_result.cohort_id
  AND contradicted.patient_id = marker_result.patient_id
  AND contradicted.marker = marker_result.marker
