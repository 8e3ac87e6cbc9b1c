"""Regions: from labels, around other regions, and compared with each other."""
