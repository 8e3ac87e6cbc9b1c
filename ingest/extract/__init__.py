"""Extraction: the plan of its work, the engines, and who carries it out."""
