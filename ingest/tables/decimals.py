"""Numbers with a decimal comma."""

from __future__ import annotations

import polars as pl

from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.tables.row_gate import RowGate, quoted
from roentgene.schemas.table_source import MISSING_WORDS

# a limit of the assay may stand before a number
_SIGN, _EXPONENT = r"^\s*(?:[<>]=?\s*)?[+-]?", r"(?:[eE][+-]?[0-9]+)?\s*$"
#: A whole number, one with a decimal comma, and one with a point.
_WHOLE = rf"{_SIGN}[0-9]+{_EXPONENT}"
_COMMA = rf"{_SIGN}[0-9]*,[0-9]+{_EXPONENT}"
_POINT = rf"{_SIGN}(?:[0-9]+[.][0-9]*|[.][0-9]+){_EXPONENT}"
# 1.234,5: the points can only stand for thousands, and are refused all the same
_BOTH = rf"{_SIGN}[0-9.]*[.][0-9]+,[0-9]*{_EXPONENT}"
# with one comma, or with commas for thousands; 1,2,3 is a list
_ANY_COMMA = r"^[+-]?(?:[0-9]*,[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+(?:[.][0-9]*)?)(?:[eE][+-]?[0-9]+)?$"
_NUMBER = f"{_WHOLE}|{_COMMA}|{_POINT}|{_BOTH}"


def with_decimal_points(
    rows: pl.DataFrame, row_id: str | None, gate: RowGate
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Write the numbers of a table with a decimal point, whose file has a comma.

    A column is one of numbers if more of its cells are numbers than are not. There a cell with a
    point is refused (``mixed_decimals``) and becomes NULL; columns of words stay as they are.

    Parameters
    ----------
    rows : polars.DataFrame
        ``source_row`` and columns of text.
    row_id : str or None
        Column of ids, which stays as it is.
    gate : RowGate
        Takes the refusals down.

    Returns
    -------
    polars.DataFrame
        The rows with points.
    polars.DataFrame
        The rows as given, without what was refused.
    """
    texts = [name for name in rows.columns if name not in {SOURCE_ROW, row_id}]
    if not texts or not rows.height:
        return rows, rows
    excess = rows.select(_excess_of_numbers(pl.col(texts)))
    columns = [name for name in texts if excess[name].item() > 0]
    for column in columns:
        cell = pl.col(column)
        bad = cell.str.contains(f"{_POINT}|{_BOTH}")
        detail = pl.format("{} has a point where decimal is the comma", quoted(column))
        rows = gate.blank(rows, column, bad, "mixed_decimals", detail, column=column, content=cell)
    cells = pl.col(columns)
    points = cells.str.replace(",", ".", literal=True)
    written = pl.when(cells.str.contains(_COMMA)).then(points).otherwise(cells)
    return rows.with_columns(written), rows


def _excess_of_numbers(cells: pl.Expr) -> pl.Expr:
    """Numbers among the cells of a column, less what is none."""
    known = cells.is_not_null() & ~cells.str.strip_chars().is_in(MISSING_WORDS)
    number = cells.str.contains(_NUMBER)
    return (known & number).sum().cast(pl.Int64) * 2 - known.sum().cast(pl.Int64)


def has_comma(cell: str) -> pl.Expr:
    """Whether a text is a number but for commas, be they decimal or for thousands."""
    return pl.col(cell).str.contains(_ANY_COMMA)


def comma_detail(cell: str) -> pl.Expr:
    """Say what is unclear of a number with commas."""
    told = "{} may be a number with a decimal comma, or one with commas for thousands"
    return pl.format(told, quoted(cell))
