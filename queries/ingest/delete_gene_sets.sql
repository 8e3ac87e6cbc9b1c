-- title: Delete the genes of sets that are delivered anew
-- grain: a gene of a gene set
-- reference: vocab.gene_set
DELETE FROM vocab.gene_set
WHERE (collection, version, gene_set) IN (
  SELECT unnest($collections), unnest($versions), unnest($gene_sets)
)
