-- title: The result of each marker of a patient, from the best source that has one
-- grain: a patient of a cohort x marker
-- reference: mart.marker_claim and mart.gene_status
-- since: 0.1.0
--
-- What mart.patient_biomarker says, without a look at which sources contradict each other, so that
-- views that need the result alone are planned quickly. disagree says that sources, or rows of one,
-- name different results.
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
passed_over AS (
  SELECT DISTINCT cohort_id, patient_id, marker
  FROM genomic.biomarker
  WHERE choice IS NOT NULL
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
  CASE WHEN chosen.n_results = 1 AND passed_over.marker IS NULL THEN chosen.result END AS result,
  CASE
    WHEN chosen.source IS NULL THEN 'undecided'
    WHEN chosen.n_results > 1 OR passed_over.marker IS NOT NULL THEN 'contradictory'
    ELSE 'ok'
  END AS result_status,
  chosen.source,
  chosen.disagree,
  chosen.n_sources,
  chosen.results
FROM chosen
JOIN study.patient
  ON patient.cohort_id = chosen.cohort_id
  AND patient.patient_id = chosen.patient_id
LEFT JOIN passed_over
  ON passed_over.cohort_id = chosen.cohort_id
  AND passed_over.patient_id = chosen.patient_id
  AND passed_over.marker = chosen.marker
