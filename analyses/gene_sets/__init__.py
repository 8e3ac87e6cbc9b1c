"""Sets of genes: enrichment, and scores of samples."""
