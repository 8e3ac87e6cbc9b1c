"""A quicker way to PyRadiomics' own values: exact filters, one pass for all textures, hulls."""
