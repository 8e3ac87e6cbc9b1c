"""Releases: frozen data sets, as folders of files that are written once and never changed."""
