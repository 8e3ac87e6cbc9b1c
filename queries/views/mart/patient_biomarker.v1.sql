-- title: The result of each marker of a patient, and whether its sources agree
-- grain: a patient of a cohort x marker
-- reference: mart.marker_claim, mart.gene_status and mart.marker_contradiction
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
WITH marker AS (
  SELECT DISTINCT marker, hugo_symbols, protein_changes
  FROM vocab.marker
  WHERE tells = 'mutation'
    AND len(hugo_symbols) > 0
),
gene_of_marker AS (
  SELECT marker, hugo_symbols, protein_changes, unnest(hugo_symbols) AS hugo_symbol
  FROM marker
),
gene_result AS (
  SELECT
    gene_status.cohort_id, gene_status.person_id, gene_of_marker.marker,
    CASE
      WHEN bool_or(
        gene_status.status = 'MUT'
        AND (
          len(gene_of_marker.protein_changes) = 0
          OR list_has_any(
            string_split(gene_status.hgvsp_short, ', '), gene_of_marker.protein_changes
          )
        )
      ) THEN 'MUT'
      -- a mutation whose change is not known may be the one that is meant
      WHEN count(*) FILTER (
        gene_status.status = 'WT'
        OR (gene_status.status = 'MUT' AND gene_status.hgvsp_short IS NOT NULL)
      ) = max(len(gene_of_marker.hugo_symbols)) THEN 'WT'
    END AS result
  FROM mart_versions.gene_status_v1 AS gene_status
  JOIN gene_of_marker ON gene_of_marker.hugo_symbol = gene_status.hugo_symbol
  GROUP BY gene_status.cohort_id, gene_status.person_id, gene_of_marker.marker
),
claim AS (
  SELECT
    cohort_id, patient_id, marker, source,
    CASE source WHEN 'genomic.biomarker' THEN 1 WHEN 'clinical.variable' THEN 3 ELSE 4 END
      AS place,
    CASE WHEN result <> 'undecided' THEN result END AS result
  FROM mart_versions.marker_claim_v1
  WHERE tells NOT IN ('sex', 'age')
  UNION ALL
  SELECT
    patient.cohort_id, patient.patient_id, gene_result.marker, 'mart.gene_status' AS source,
    2 AS place, gene_result.result
  FROM gene_result
  JOIN study.patient
    ON patient.cohort_id = gene_result.cohort_id
    AND patient.person_id = gene_result.person_id
  WHERE gene_result.result IS NOT NULL
),
by_source AS (
  SELECT
    cohort_id, patient_id, marker, source, place,
    count(DISTINCT result) AS n_results,
    min(result) AS result,
    string_agg(DISTINCT coalesce(result, 'undecided'), ', '
      ORDER BY coalesce(result, 'undecided')) AS results
  FROM claim
  GROUP BY cohort_id, patient_id, marker, source, place
),
judged AS (
  SELECT
    cohort_id, patient_id, fact AS marker,
    bool_or(source_b LIKE 'passed over%') AS passed_over,
    bool_or(contradiction = 'opposite') AS contradicted
  FROM mart_versions.marker_contradiction_v1
  WHERE kind = 'marker'
  GROUP BY cohort_id, patient_id, fact
),
chosen AS (
  SELECT
    cohort_id, patient_id, marker,
    arg_min(source, place) FILTER (n_results > 0) AS source,
    arg_min(result, place) FILTER (n_results > 0) AS result,
    arg_min(n_results, place) FILTER (n_results > 0) AS n_results,
    count(*) AS n_sources,
    min(result) IS DISTINCT FROM max(result) OR max(n_results) > 1 AS disagree,
    string_agg(source || ': ' || results, '; ' ORDER BY place) AS results
  FROM by_source
  GROUP BY cohort_id, patient_id, marker
)
SELECT
  chosen.cohort_id,
  patient.person_id,
  chosen.patient_id,
  chosen.marker,
  CASE WHEN chosen.n_results = 1 AND judged.passed_over IS NOT TRUE THEN chosen.result END AS result,
  CASE
    WHEN chosen.source IS NULL THEN 'undecided'
    WHEN chosen.n_results > 1 OR judged.passed_over THEN 'contradictory'
    ELSE 'ok'
  END AS result_status,
  chosen.source,
  chosen.disagree OR judged.contradicted IS TRUE AS contradicted,
  chosen.n_sources,
  chosen.results
FROM chosen
JOIN study.patient
  ON patient.cohort_id = chosen.cohort_id
  AND patient.patient_id = chosen.patient_id
LEFT JOIN judged
  ON judged.cohort_id = chosen.cohort_id
  AND judged.patient_id = chosen.patient_id
  AND judged.marker = chosen.marker
