-- title: Delete the genes of panels that are declared anew
-- grain: a gene of a panel
-- reference: genomic.panel_gene
DELETE FROM genomic.panel_gene
WHERE panel IN (SELECT unnest($panels))
