-- title: Whether a person's tumour is mutated in a gene
-- grain: a person of a cohort x gene
-- reference: MAF specification of the GDC for variant_classification and Mutation_Status; VCF 4.3, 1.6.1 for FILTER
-- since: 0.1.0
--
-- MUT: a coding variant of the gene in any sample of the person. WT: none, and a sample was
-- profiled for it: an assay with all genes, or one whose panel holds the gene. NP, not profiled:
-- anything else; nobody is wild type because a file does not name them. Coding are the
-- classifications that the vocabulary so marks, splice sites included. A call that its caller
-- filtered out (genomic.mutation.passed) is none: n_filtered counts the coding ones, so that WT
-- beside them can be looked into. Nor is a row whose mutation_status says wildtype, LOH, none or
-- redacted; germline variants count. Samples whose sample_type says normal do not speak of the
-- tumour and do not count. Of assays only those that can show small variants count: their
-- alteration, or their name where that is NULL, is mutation. Genes are all that stand under an
-- approved symbol or as given in a table of mutations, of structural variants or in a panel,
-- persons all of cohorts with an assay or a variant. n_mutations counts different coding variants.
-- structural_status says the same of structural variants that name the gene at either breakpoint:
-- SV, WT or NP, by assays whose alteration is structural_variant; it has no part in status.
-- patient_id lists the patients where a person is several in one cohort. A variant row that was
-- refused (ops.quarantine) is not seen here: correct it and ingest again before reading WT.
WITH tumour_sample AS (
  SELECT
    sample.cohort_id,
    sample.sample_id,
    patient.person_id
  FROM genomic.sample
  JOIN study.patient
    ON patient.cohort_id = sample.cohort_id
    AND patient.patient_id = sample.patient_id
  WHERE coalesce(sample.sample_type, '') NOT ILIKE '%normal%'
),
variant_assay AS (
  SELECT
    tumour_sample.cohort_id,
    tumour_sample.person_id,
    tumour_sample.sample_id,
    coalesce(assay.alteration, assay.assay) AS alteration,
    assay.panel,
    assay.all_genes
  FROM genomic.assay
  JOIN tumour_sample
    ON tumour_sample.cohort_id = assay.cohort_id
    AND tumour_sample.sample_id = assay.sample_id
  WHERE coalesce(assay.alteration, assay.assay) IN ('mutation', 'structural_variant')
),
whole_sample AS (
  SELECT DISTINCT cohort_id, person_id, sample_id, alteration
  FROM variant_assay
  WHERE all_genes
),
whole AS (
  SELECT cohort_id, person_id, alteration, count(*) AS n_samples
  FROM whole_sample
  GROUP BY cohort_id, person_id, alteration
),
panelled AS (
  SELECT
    variant_assay.cohort_id,
    variant_assay.person_id,
    variant_assay.alteration,
    panel_gene.hugo_symbol,
    count(DISTINCT variant_assay.sample_id) AS n_samples
  FROM variant_assay
  JOIN genomic.panel_gene ON panel_gene.panel = variant_assay.panel
  -- a sample whose every gene was profiled is counted there
  ANTI JOIN whole_sample
    ON whole_sample.cohort_id = variant_assay.cohort_id
    AND whole_sample.sample_id = variant_assay.sample_id
    AND whole_sample.alteration = variant_assay.alteration
  GROUP BY
    variant_assay.cohort_id,
    variant_assay.person_id,
    variant_assay.alteration,
    panel_gene.hugo_symbol
),
variant AS (
  SELECT
    tumour_sample.cohort_id,
    tumour_sample.person_id,
    mutation.hugo_symbol,
    {
      'ncbi_build': mutation.ncbi_build,
      'chromosome': mutation.chromosome,
      'start_position': mutation.start_position,
      'end_position': mutation.end_position,
      'reference_allele': mutation.reference_allele,
      'tumor_seq_allele2': mutation.tumor_seq_allele2
    } AS change,
    mutation.passed IS DISTINCT FROM FALSE AS kept,
    CASE WHEN mutation.passed IS DISTINCT FROM FALSE THEN mutation.hgvsp_short END AS hgvsp_short
  FROM genomic.mutation
  JOIN tumour_sample
    ON tumour_sample.cohort_id = mutation.cohort_id
    AND tumour_sample.sample_id = mutation.sample_id
  WHERE mutation.variant_classification IN (
    'Frame_Shift_Del', 'Frame_Shift_Ins', 'In_Frame_Del', 'In_Frame_Ins', 'Missense_Mutation',
    'Nonsense_Mutation', 'Nonstop_Mutation', 'Splice_Site', 'Translation_Start_Site',
    'De_novo_Start_InFrame', 'De_novo_Start_OutOfFrame', 'Start_Codon_SNP', 'Start_Codon_Del',
    'Start_Codon_Ins', 'Stop_Codon_Del', 'Stop_Codon_Ins'
  )
    AND lower(coalesce(mutation.mutation_status, '')) NOT IN (
      'wildtype', 'loh', 'none', 'redacted'
    )
),
mutated AS (
  SELECT
    cohort_id,
    person_id,
    hugo_symbol,
    -- CASE and not FILTER, which DuckDB 1.0 cannot answer for rows that are counted DISTINCT
    count(DISTINCT CASE WHEN kept THEN change END) AS n_mutations,
    count(DISTINCT CASE WHEN NOT kept THEN change END) AS n_filtered,
    string_agg(DISTINCT hgvsp_short, ', ' ORDER BY hgvsp_short) AS hgvsp_short
  FROM variant
  GROUP BY cohort_id, person_id, hugo_symbol
),
breakpoint AS (
  SELECT
    cohort_id,
    sample_id,
    site1_hugo_symbol AS hugo_symbol,
    site1_hugo_symbol,
    site2_hugo_symbol,
    annotation
  FROM genomic.structural_variant
  UNION
  SELECT
    cohort_id,
    sample_id,
    site2_hugo_symbol AS hugo_symbol,
    site1_hugo_symbol,
    site2_hugo_symbol,
    annotation
  FROM genomic.structural_variant
),
rearranged AS (
  SELECT
    tumour_sample.cohort_id,
    tumour_sample.person_id,
    breakpoint.hugo_symbol,
    count(DISTINCT {
      'site1': breakpoint.site1_hugo_symbol,
      'site2': breakpoint.site2_hugo_symbol,
      'annotation': breakpoint.annotation
    }) AS n_structural_variants
  FROM breakpoint
  JOIN tumour_sample
    ON tumour_sample.cohort_id = breakpoint.cohort_id
    AND tumour_sample.sample_id = breakpoint.sample_id
  WHERE breakpoint.hugo_symbol IS NOT NULL
  GROUP BY tumour_sample.cohort_id, tumour_sample.person_id, breakpoint.hugo_symbol
),
gene AS (
  SELECT hugo_symbol FROM genomic.mutation WHERE hugo_symbol <> 'Unknown'
  UNION
  SELECT hugo_symbol FROM genomic.panel_gene
  UNION
  SELECT hugo_symbol FROM breakpoint WHERE hugo_symbol IS NOT NULL
),
molecular_cohort AS (
  SELECT cohort_id FROM genomic.assay
  UNION
  SELECT cohort_id FROM genomic.mutation
  UNION
  SELECT cohort_id FROM genomic.structural_variant
),
person AS (
  SELECT
    patient.cohort_id,
    patient.person_id,
    string_agg(patient.patient_id, ', ' ORDER BY patient.patient_id) AS patient_id
  FROM study.patient
  JOIN molecular_cohort ON molecular_cohort.cohort_id = patient.cohort_id
  GROUP BY patient.cohort_id, patient.person_id
)
SELECT
  person.cohort_id,
  person.person_id,
  person.patient_id,
  gene.hugo_symbol,
  CASE
    WHEN mutated.n_mutations > 0 THEN 'MUT'
    WHEN coalesce(whole.n_samples, panelled.n_samples) > 0 THEN 'WT'
    ELSE 'NP'
  END AS status,
  coalesce(mutated.n_mutations, 0) AS n_mutations,
  coalesce(mutated.n_filtered, 0) AS n_filtered,
  coalesce(whole.n_samples, 0) + coalesce(panelled.n_samples, 0) AS n_samples_profiled,
  mutated.hgvsp_short,
  CASE
    WHEN rearranged.n_structural_variants > 0 THEN 'SV'
    WHEN coalesce(whole_sv.n_samples, panelled_sv.n_samples) > 0 THEN 'WT'
    ELSE 'NP'
  END AS structural_status,
  coalesce(rearranged.n_structural_variants, 0) AS n_structural_variants
FROM person
CROSS JOIN gene
LEFT JOIN mutated
  ON mutated.cohort_id = person.cohort_id
  AND mutated.person_id = person.person_id
  AND mutated.hugo_symbol = gene.hugo_symbol
LEFT JOIN rearranged
  ON rearranged.cohort_id = person.cohort_id
  AND rearranged.person_id = person.person_id
  AND rearranged.hugo_symbol = gene.hugo_symbol
LEFT JOIN whole
  ON whole.cohort_id = person.cohort_id
  AND whole.person_id = person.person_id
  AND whole.alteration = 'mutation'
LEFT JOIN panelled
  ON panelled.cohort_id = person.cohort_id
  AND panelled.person_id = person.person_id
  AND panelled.hugo_symbol = gene.hugo_symbol
  AND panelled.alteration = 'mutation'
LEFT JOIN whole AS whole_sv
  ON whole_sv.cohort_id = person.cohort_id
  AND whole_sv.person_id = person.person_id
  AND whole_sv.alteration = 'structural_variant'
LEFT JOIN panelled AS panelled_sv
  ON panelled_sv.cohort_id = person.cohort_id
  AND panelled_sv.person_id = person.person_id
  AND panelled_sv.hugo_symbol = gene.hugo_symbol
  AND panelled_sv.alteration = 'structural_variant'
