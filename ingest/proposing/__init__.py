"""Recognising what lies in a folder, and saying it as a cohort file that a person looks over."""
