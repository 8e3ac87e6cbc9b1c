-- title: Genes of every panel
-- grain: a gene of a panel
-- reference: genomic.panel_gene, genomic.assay
--
-- used_elsewhere: another cohort was profiled with the panel, so its genes must stay as they are.
SELECT
  panel_gene.panel,
  panel_gene.hugo_symbol,
  panel_gene.panel IN (
    SELECT assay.panel
    FROM genomic.assay
    WHERE assay.cohort_id <> $cohort_id
      AND assay.panel IS NOT NULL
  ) AS used_elsewhere
FROM genomic.panel_gene
