"""Features against genes, markers and clinical data: numeric core and run."""
