-- title: Genes of the sets of a collection
-- grain: a gene of a gene set
-- reference: vocab.gene_set
SELECT version, gene_set, hugo_symbol
FROM vocab.gene_set
WHERE collection = $collection
  AND ($version IS NULL OR version = $version)
ORDER BY version, gene_set, hugo_symbol
