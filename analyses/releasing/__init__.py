"""Making releases: rows, columns, splits and fitted steps, and their verification."""
