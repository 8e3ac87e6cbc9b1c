"""Staging: one case at a time from its files to its rows, in a worker process."""
