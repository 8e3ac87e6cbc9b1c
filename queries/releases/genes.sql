-- title: Genes of which there is a status
-- grain: a gene
-- reference: genomic.mutation, genomic.panel_gene
SELECT hugo_symbol FROM genomic.mutation WHERE hugo_symbol <> 'Unknown'
UNION
SELECT hugo_symbol FROM genomic.panel_gene
ORDER BY hugo_symbol
