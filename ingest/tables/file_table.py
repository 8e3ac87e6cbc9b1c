"""A table as its file has it: text in columns, every row with its line."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from roentgene.ingest.refusal import Refusal
from roentgene.ingest.staged_columns import SOURCE_ROW


@dataclass(frozen=True)
class FileTable:
    """A table as its file has it.

    Parameters
    ----------
    name : str
        How the file is called in messages and rows.
    rows : polars.DataFrame
        The columns of the file as text, blanks around cells kept (numbers of a Parquet file stay
        numbers), and ``source_row``. A cell that was refused is NULL; one that is empty is not.
    ambiguous : frozenset of str
        Names that stand twice in the header over different content; they are not in ``rows``.
    refusals : tuple of Refusal
        Rows, cells and columns that were left out.
    header_line : int
        Line of the header.
    n_left_out : int
        Rows that were left out.
    given : polars.DataFrame or None
        The rows before numbers with a decimal comma were written with a point; None where they
        are the same.
    """

    name: str
    rows: pl.DataFrame
    ambiguous: frozenset[str] = frozenset()
    refusals: tuple[Refusal, ...] = ()
    header_line: int = 1
    n_left_out: int = 0
    given: pl.DataFrame | None = None

    @property
    def columns(self) -> list[str]:
        """Names of the file's own columns."""
        return [column for column in self.rows.columns if column != SOURCE_ROW]

    @property
    def as_given(self) -> pl.DataFrame:
        """The rows with their numbers as the file writes them."""
        return self.rows if self.given is None else self.given
