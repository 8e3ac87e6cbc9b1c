"""What every table of a cohort file declares: its file, its missing words and its id rules."""

from __future__ import annotations

from roentgene.schemas.declared import Declared
from roentgene.schemas.id_rules import IdRule as IdRule

#: Words that mean "no value" in every table, unless the table declares its own.
MISSING_WORDS = (
    "",
    "NA",
    "N/A",
    "NaN",
    "nan",
    "NULL",
    "None",
    "?",
    "Unknown",
    "unknown",
    "Not Available",
    "[Not Available]",
    "Not Collected",
)


class TableSource(Declared):
    """What every table declares: its file, its id column, and the rules that lead to our ids."""

    file: str
    """Path of the table, relative to the cohort file: CSV, TSV (.gz or not) or Parquet."""
    id: str
    """Column with the patient's id."""
    normalise: tuple[IdRule, ...] = ()
    """Rules that lead from the id of the file to that of the cohort, in their order."""
    missing: tuple[str, ...] = MISSING_WORDS
    """Cells that mean no value; what is written here takes the place of the default."""
