"""What every table of a cohort file declares: its file, its missing words and its id rules."""

from __future__ import annotations

from typing import Literal

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


#: How the letters of a text file are written.
Encoding = Literal["utf-8", "utf-16", "latin-1", "windows-1252", "mac-roman"]
#: What stands between the cells of a text file.
Separator = Literal["comma", "semicolon", "tab", "pipe", "blank"]


class WrittenTable(Declared):
    """What a table declares of how it is written, where its file does not say it."""

    file: str
    """Path of the table, relative to the cohort file: CSV, TSV (.gz or not) or Parquet."""
    encoding: Encoding = "utf-8"
    """How the letters of a text file are written."""
    separator: Separator | None = None
    """What stands between the cells of a text file; left out, what its header has: commas,
    semicolons or tabs.
    """
    decimal: Literal[".", ","] = "."
    """What stands between the digits of the numbers of a text file. Where it is the comma, a point
    is refused: nobody knows whether it stands for thousands.
    """

    @property
    def row_id(self) -> str | None:
        """Column that says what a row is about, where there is one."""
        return None


class TableSource(WrittenTable):
    """What every table declares: its file, its id column, and the rules that lead to our ids."""

    id: str
    """Column with the patient's id."""
    normalise: tuple[IdRule, ...] = ()
    """Rules that lead from the id of the file to that of the cohort, in their order."""
    missing: tuple[str, ...] = MISSING_WORDS
    """Cells that mean no value; what is written here takes the place of the default."""

    @property
    def row_id(self) -> str | None:
        """Column with the patient's id."""
        return self.id
