-- title: How much of each gene set a molecular profile measures
-- grain: a cohort x molecular profile x gene set
-- reference: Subramanian et al. 2005, PNAS 102:15545, for gene sets and their overlap with an array
-- since: 0.1.0
--
-- n_genes: genes of the set. n_measured: those of them for which the profile has a value of any
-- sample. coverage: their share. n_renamed: genes that the file of the set calls by a name that is
-- no longer approved and that were resolved to the symbol of today. n_unknown: genes whose name is
-- no gene of the HGNC release, or that of several; they are looked for as given. missing lists the
-- genes that are not measured. Profiles are those of genomic.expression and genomic.copy_number;
-- genes that were looked at for mutations have mart.gene_status.
WITH measured AS (
  SELECT DISTINCT cohort_id, molecular_profile_id, hugo_symbol
  FROM genomic.expression
  WHERE value IS NOT NULL
  UNION
  SELECT DISTINCT cohort_id, molecular_profile_id, hugo_symbol
  FROM genomic.copy_number
  WHERE value IS NOT NULL
),
profile AS (
  SELECT DISTINCT cohort_id, molecular_profile_id FROM measured
),
known_gene AS (
  SELECT DISTINCT hugo_symbol FROM vocab.gene
)
SELECT
  profile.cohort_id,
  profile.molecular_profile_id,
  gene_set.collection,
  gene_set.version,
  gene_set.gene_set,
  count(*) AS n_genes,
  count(measured.hugo_symbol) AS n_measured,
  count(measured.hugo_symbol) / count(*) AS coverage,
  count(*) FILTER (WHERE gene_set.as_given <> gene_set.hugo_symbol) AS n_renamed,
  count(*) FILTER (WHERE known_gene.hugo_symbol IS NULL) AS n_unknown,
  string_agg(gene_set.hugo_symbol, ', ' ORDER BY gene_set.hugo_symbol)
    FILTER (WHERE measured.hugo_symbol IS NULL) AS missing
FROM profile
CROSS JOIN vocab.gene_set
LEFT JOIN measured
  ON measured.cohort_id = profile.cohort_id
  AND measured.molecular_profile_id = profile.molecular_profile_id
  AND measured.hugo_symbol = gene_set.hugo_symbol
LEFT JOIN known_gene ON known_gene.hugo_symbol = gene_set.hugo_symbol
GROUP BY
  profile.cohort_id,
  profile.molecular_profile_id,
  gene_set.collection,
  gene_set.version,
  gene_set.gene_set
