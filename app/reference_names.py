"""File names of the pages of the reference, for the links between them."""

from __future__ import annotations

TABLES = "tables.md"
VIEWS = "views.md"
REASON_CODES = "reason-codes.md"
WORDS = "words.md"
FEATURES = "features.md"
COHORT = "cohort.md"
STUDY = "study.md"
ANALYSIS = "analysis.md"
RELEASE = "release.md"
COMMANDS = "cli.md"
