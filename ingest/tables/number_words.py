"""Cells of an undescribed column of numbers that are none: with a comma, a unit, or too large."""

from __future__ import annotations

import polars as pl

from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.tables.cells import number
from roentgene.ingest.tables.decimals import comma_detail, has_comma
from roentgene.ingest.tables.row_gate import RowGate, quoted

_CELL = "value_text"


def check_number_words(cells: pl.DataFrame, gate: RowGate) -> pl.DataFrame:
    """Refuse numbers with commas, and tell of other texts among numbers.

    A column is one of numbers if more of its cells are numbers, with a comma or without, than are
    not.

    Parameters
    ----------
    cells : polars.DataFrame
        ``variable``, ``value_text`` (NULL where there is no value) and ``source_row``, one row a
        cell.
    gate : RowGate
        Takes down ``comma_in_number``, cell by cell, and ``text_among_numbers``, once a column.

    Returns
    -------
    polars.DataFrame
        The cells without numbers with commas.
    """
    known = pl.col(_CELL).is_not_null()
    number_like = number(_CELL).is_not_null() | has_comma(_CELL)
    counted = cells.filter(known).group_by("variable", maintain_order=True).agg(
        n=pl.len(),
        n_numbers=number(_CELL).is_not_null().sum(),
        n_like=number_like.sum(),
    )  # fmt: skip
    of_numbers = counted.filter(
        (pl.col("n_like") * 2 > pl.col("n")) & (pl.col("n_numbers") < pl.col("n"))
    )
    if not of_numbers.height:
        return cells
    named = pl.col("variable").is_in(of_numbers["variable"].implode())
    odd = cells.filter(named & known & number(_CELL).is_null())
    for (column,), part in odd.group_by(["variable"], maintain_order=True):
        _tell(part, str(column), gate)
    return cells.filter(~(named & has_comma(_CELL).fill_null(False)))


def _tell(odd: pl.DataFrame, column: str, gate: RowGate) -> None:
    """Take down what is odd in one column."""
    comma = has_comma(_CELL)
    with_comma = odd.filter(comma)
    gate.refuse_rows(with_comma, "comma_in_number", comma_detail(_CELL), column, pl.col(_CELL))
    others = odd.filter(~comma)
    if others.height:
        first = others.row(0, named=True)
        shown = others.select(quoted(_CELL)).item(0, 0)
        more = f", and {others.height - 1} more" if others.height > 1 else ""
        told = f"{shown} is no number, as most cells of the column are{more}"
        gate.refuse(
            "text_among_numbers", "column", told,
            line=first[SOURCE_ROW], column=column, content=first[_CELL],
        )  # fmt: skip
