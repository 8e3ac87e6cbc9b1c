-- title: Number of genes of every gene set
-- grain: a gene set
-- reference: vocab.gene_set
SELECT collection, version, gene_set, count(*) AS n_genes
FROM vocab.gene_set
GROUP BY collection, version, gene_set
