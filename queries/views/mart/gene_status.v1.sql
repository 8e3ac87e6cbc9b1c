-- title: Whether a person's tumour is mutated in a gene
-- grain: a person of a cohort x gene
-- reference: MAF specification of the GDC for variant_classification
-- since: 0.1.0
--
-- MUT: a coding variant of the gene in any sample of the person. WT: none, and a sample was
-- profiled for it: an assay with all genes, or one whose panel holds the gene. NP, not profiled:
-- anything else; nobody is wild type because a file does not name them. Coding are the
-- classifications that the vocabulary so marks, splice sites included, however the caller
-- filtered them. Samples whose sample_type says normal do not speak of the tumour and do not
-- count; nor do assays of expression, copy number, methylation, segments or genotypes. Genes are
-- all that stand in a mutation table or in a panel, persons all of cohorts with an assay or a
-- variant. n_mutations counts different coding variants. patient_id lists the patients where a
-- person is several in one cohort. A variant row that was refused (ops.quarantine) is not seen
-- here: correct it and ingest again before reading WT.
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
    assay.panel,
    assay.all_genes
  FROM genomic.assay
  JOIN tumour_sample
    ON tumour_sample.cohort_id = assay.cohort_id
    AND tumour_sample.sample_id = assay.sample_id
  WHERE assay.assay NOT IN ('expression', 'copy_number', 'methylation', 'segment', 'genotype')
),
whole_sample AS (
  SELECT DISTINCT cohort_id, person_id, sample_id
  FROM variant_assay
  WHERE all_genes
),
whole AS (
  SELECT cohort_id, person_id, count(*) AS n_samples
  FROM whole_sample
  GROUP BY cohort_id, person_id
),
panelled AS (
  SELECT
    variant_assay.cohort_id,
    variant_assay.person_id,
    panel_gene.hugo_symbol,
    count(DISTINCT variant_assay.sample_id) AS n_samples
  FROM variant_assay
  JOIN genomic.panel_gene ON panel_gene.panel = variant_assay.panel
  -- a sample whose every gene was profiled is counted there
  ANTI JOIN whole_sample
    ON whole_sample.cohort_id = variant_assay.cohort_id
    AND whole_sample.sample_id = variant_assay.sample_id
  GROUP BY variant_assay.cohort_id, variant_assay.person_id, panel_gene.hugo_symbol
),
mutated AS (
  SELECT
    tumour_sample.cohort_id,
    tumour_sample.person_id,
    mutation.hugo_symbol,
    count(DISTINCT {
      'ncbi_build': mutation.ncbi_build,
      'chromosome': mutation.chromosome,
      'start_position': mutation.start_position,
      'end_position': mutation.end_position,
      'reference_allele': mutation.reference_allele,
      'tumor_seq_allele2': mutation.tumor_seq_allele2
    }) AS n_mutations,
    string_agg(DISTINCT mutation.hgvsp_short, ', ' ORDER BY mutation.hgvsp_short) AS hgvsp_short
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
  GROUP BY tumour_sample.cohort_id, tumour_sample.person_id, mutation.hugo_symbol
),
gene AS (
  SELECT hugo_symbol FROM genomic.mutation WHERE hugo_symbol <> 'Unknown'
  UNION
  SELECT hugo_symbol FROM genomic.panel_gene
),
molecular_cohort AS (
  SELECT cohort_id FROM genomic.assay
  UNION
  SELECT cohort_id FROM genomic.mutation
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
  coalesce(whole.n_samples, 0) + coalesce(panelled.n_samples, 0) AS n_samples_profiled,
  mutated.hgvsp_short
FROM person
CROSS JOIN gene
LEFT JOIN mutated
  ON mutated.cohort_id = person.cohort_id
  AND mutated.person_id = person.person_id
  AND mutated.hugo_symbol = gene.hugo_symbol
LEFT JOIN whole
  ON whole.cohort_id = person.cohort_id
  AND whole.person_id = person.person_id
LEFT JOIN panelled
  ON panelled.cohort_id = person.cohort_id
  AND panelled.person_id = person.person_id
  AND panelled.hugo_symbol = gene.hugo_symbol
