"""From a cohort file to committed rows: plan, extract, stage, gate, commit."""
