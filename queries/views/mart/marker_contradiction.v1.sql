-- title: Markers of which two sources say different things
-- grain: a patient x marker x pair of sources that contradict each other
-- reference: vocab.marker and vocab.marker_result, the packaged list of names and words
-- since: 0.1.0
--
-- Clinical variables of patients and of samples, biomarkers and the mutation tables
-- (mart.gene_status) speak of one marker; of the sex of the patient with kind sex. Names and words
-- are compared as vocab.marker and vocab.marker_result know them; a word that stands in neither says
-- nothing here, and nor does a gene that was not profiled. Opposite are two results of which one
-- must be wrong: a marker of several genes is wild type where each of them is, so that IDH1 wild
-- type and IDH mutated may both hold; one of a protein change (IDH1 R132H) may be negative where
-- the gene is mutated otherwise. Undecided: one source has a result, and another says that none was
-- reached (Indeterminate, NOS), declared as missing or not. A biomarker of which a rule passed rows
-- over (several in the cohort file) stands with those rows.
WITH claim AS (
  SELECT
    cohort_id, patient_id, source, name, timepoint_id, given, place, marker, tells,
    hugo_symbols, protein_changes, result
  FROM mart_versions.marker_claim_v1
),
mutation_pair AS (
  SELECT
    mutated.cohort_id,
    mutated.patient_id,
    mutated.place AS mutated_place,
    wild_type.place AS wild_type_place
  FROM claim AS mutated
  JOIN claim AS wild_type
    ON wild_type.cohort_id = mutated.cohort_id
    AND wild_type.patient_id = mutated.patient_id
    AND wild_type.tells = mutated.tells
  WHERE mutated.tells = 'mutation'
    AND mutated.result = 'MUT'
    AND wild_type.result = 'WT'
    AND (
      mutated.marker = wild_type.marker
      OR (
        len(mutated.hugo_symbols) > 0
        AND list_has_all(wild_type.hugo_symbols, mutated.hugo_symbols)
        AND (
          len(wild_type.protein_changes) = 0
          OR (
            len(mutated.protein_changes) > 0
            AND list_has_all(wild_type.protein_changes, mutated.protein_changes)
          )
        )
      )
    )
),
gene_of_marker AS (
  SELECT
    gene_status.cohort_id,
    gene_status.person_id,
    gene_status.hugo_symbol,
    gene_status.status,
    gene_status.hgvsp_short
  FROM mart_versions.gene_status_v1 AS gene_status
  SEMI JOIN (
    SELECT unnest(hugo_symbols) AS hugo_symbol FROM vocab.marker WHERE tells = 'mutation'
  ) AS listed ON listed.hugo_symbol = gene_status.hugo_symbol
),
gene_claim AS (
  SELECT
    claim.cohort_id,
    claim.patient_id,
    claim.marker,
    claim.source,
    claim.name,
    claim.timepoint_id,
    claim.given,
    claim.result,
    string_agg(gene_status.hugo_symbol, ', ' ORDER BY gene_status.hugo_symbol) AS gene_names,
    string_agg(
      concat_ws(' ', gene_status.hugo_symbol, gene_status.status, gene_status.hgvsp_short),
      '; ' ORDER BY gene_status.hugo_symbol
    ) AS gene_given,
    CASE
      WHEN bool_or(
        gene_status.status = 'MUT'
        AND (
          len(claim.protein_changes) = 0
          OR list_has_any(
            string_split(gene_status.hgvsp_short, ', '), claim.protein_changes
          )
        )
      ) THEN 'MUT'
      -- a mutation whose change is not known may be the one that is meant
      WHEN count(*) FILTER (
        gene_status.status = 'WT'
        OR (gene_status.status = 'MUT' AND gene_status.hgvsp_short IS NOT NULL)
      ) = max(len(claim.hugo_symbols)) THEN 'WT'
    END AS gene_result
  FROM claim
  JOIN study.patient
    ON patient.cohort_id = claim.cohort_id
    AND patient.patient_id = claim.patient_id
  JOIN gene_of_marker AS gene_status
    ON gene_status.cohort_id = patient.cohort_id
    AND gene_status.person_id = patient.person_id
    AND list_contains(claim.hugo_symbols, gene_status.hugo_symbol)
  WHERE claim.tells = 'mutation'
  GROUP BY
    claim.cohort_id, claim.patient_id, claim.marker, claim.source, claim.name,
    claim.timepoint_id, claim.given, claim.result
)
SELECT
  a.cohort_id,
  a.patient_id,
  CASE a.tells WHEN 'sex' THEN 'sex' ELSE 'marker' END AS kind,
  a.marker AS fact,
  CASE
    WHEN 'undecided' IN (a.result, b.result) THEN 'undecided'
    ELSE 'opposite'
  END AS contradiction,
  a.source AS source_a,
  a.name AS name_a,
  a.timepoint_id AS timepoint_a,
  a.result AS result_a,
  a.given AS given_a,
  b.source AS source_b,
  b.name AS name_b,
  b.timepoint_id AS timepoint_b,
  b.result AS result_b,
  b.given AS given_b
FROM claim AS a
JOIN claim AS b
  ON b.cohort_id = a.cohort_id
  AND b.patient_id = a.patient_id
  AND b.tells = a.tells
  AND a.place < b.place
  AND a.result <> b.result
WHERE (
    a.marker = b.marker
    AND (a.tells <> 'mutation' OR 'undecided' IN (a.result, b.result))
  )
  OR EXISTS (
    SELECT 1
    FROM mutation_pair
    WHERE mutation_pair.cohort_id = a.cohort_id
      AND mutation_pair.patient_id = a.patient_id
      AND mutation_pair.mutated_place IN (a.place, b.place)
      AND mutation_pair.wild_type_place IN (a.place, b.place)
  )
UNION ALL
SELECT
  cohort_id,
  patient_id,
  'marker' AS kind,
  marker AS fact,
  CASE result WHEN 'undecided' THEN 'undecided' ELSE 'opposite' END AS contradiction,
  source AS source_a,
  name AS name_a,
  timepoint_id AS timepoint_a,
  result AS result_a,
  given AS given_a,
  'mart.gene_status' AS source_b,
  gene_names AS name_b,
  NULL AS timepoint_b,
  gene_result AS result_b,
  gene_given AS given_b
FROM gene_claim
WHERE result <> gene_result
UNION ALL
SELECT
  cohort_id,
  patient_id,
  'marker' AS kind,
  marker AS fact,
  'opposite' AS contradiction,
  'genomic.biomarker' AS source_a,
  marker AS name_a,
  NULL AS timepoint_a,
  result AS result_a,
  as_given AS given_a,
  'passed over by rule ' || choice AS source_b,
  marker AS name_b,
  NULL AS timepoint_b,
  NULL AS result_b,
  passed_over AS given_b
FROM genomic.biomarker
WHERE choice IS NOT NULL
