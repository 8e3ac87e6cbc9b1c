"""Tracing: a row back to the stored rows, files, settings, SQL and commits that made it."""
