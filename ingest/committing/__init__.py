"""Committing: the rows of a batch are merged, gated and written in one transaction."""
