"""Lines between the rows of a table that are no rows: second headers, totals.

They are told from rows only where nothing else can be meant; whatever is in doubt is a row.
"""

from __future__ import annotations

import polars as pl

from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.tables.row_gate import RowGate
from roentgene.schemas.table_source import MISSING_WORDS

_TOTALS = (
    "total", "totals", "grand total", "subtotal", "sum", "mean", "average", "median", "std",
    "summe", "gesamt", "mittelwert", "durchschnitt", "somme", "moyenne",
)  # fmt: skip
# what a spreadsheet makes of a long number, or of an id like 12E10
_SCIENTIFIC = r"^[0-9](?:[.,][0-9]+)?[eE][+][0-9]+$"
# rows that tell what a column holds, and columns of which no row has words alone
_FEWEST, _MANY = 2, 5


def without_stray_rows(rows: pl.DataFrame, row_id: str | None, gate: RowGate) -> pl.DataFrame:
    """Leave out headers among the rows, totals below them, and rows whose id is a number's form.

    Parameters
    ----------
    rows : polars.DataFrame
        ``source_row`` and columns of text.
    row_id : str or None
        Column that says what a row is about; without it no totals and ids are looked for.
    gate : RowGate
        Takes down ``repeated_header``, ``second_header``, ``total_row`` and ``id_is_number``.
    """
    columns = [name for name in rows.columns if name != SOURCE_ROW]
    if not columns or not rows.height:
        return rows
    rows = _without_repeated_headers(rows, columns, gate)
    rows = _without_second_header(rows, columns, row_id, gate)
    if row_id is None or row_id not in columns:
        return rows
    rows = _without_totals(rows, row_id, gate)
    number = pl.col(row_id).str.strip_chars().str.contains(_SCIENTIFIC)
    detail = "the id was written as a number with an exponent"
    return gate.drop(rows, number, "id_is_number", detail, column=row_id)


def _without_repeated_headers(
    rows: pl.DataFrame, columns: list[str], gate: RowGate
) -> pl.DataFrame:
    first = pl.col(columns[0]).str.strip_chars() == columns[0]
    like = rows.filter(first)
    if not like.height:
        return rows
    same = pl.all_horizontal(pl.col(name).str.strip_chars() == name for name in columns)
    lines = like.filter(same)[SOURCE_ROW].implode()
    bad = pl.col(SOURCE_ROW).is_in(lines)
    return gate.drop(rows, bad, "repeated_header", "the header stands here again")


def _without_second_header(
    rows: pl.DataFrame, columns: list[str], row_id: str | None, gate: RowGate
) -> pl.DataFrame:
    """Leave out a first row that says units or the like of the columns below it.

    It holds no number and stands over columns that hold nothing else: over one, if its id is empty
    or the only one without a digit; over all, if they are so many that no row is like that.
    """
    head, others = rows.head(1), rows.slice(1)
    index = row_id if row_id in columns else columns[0]
    values = [name for name in columns if name != index]
    words = [name for name in values if _is_word(head[name].item())]
    if others.height < _FEWEST or not words or _any_number(head, values):
        return rows
    if row_id in columns and _is_no_id(head[index].item(), others[index]):
        is_header = any(_only_numbers(others[name]) for name in words)
    else:
        whole = len(words) == len(values) >= _MANY
        is_header = whole and all(_only_numbers(others[name]) for name in words)
    if not is_header:
        return rows
    bad = pl.col(SOURCE_ROW) == head[SOURCE_ROW].item()
    detail = "it holds words over columns of numbers, as a line of units does"
    return gate.drop(rows, bad, "second_header", detail)


def _is_word(cell: str | None) -> bool:
    return cell is not None and cell.strip() not in MISSING_WORDS


def _any_number(head: pl.DataFrame, columns: list[str]) -> bool:
    cells = pl.Series([head[name].item() for name in columns], dtype=pl.String)
    return cells.str.strip_chars().cast(pl.Float64, strict=False).is_not_null().any()


def _only_numbers(cells: pl.Series) -> bool:
    known = cells.str.strip_chars()
    known = known.filter(~known.is_in(MISSING_WORDS) & known.is_not_null())
    numbers = known.cast(pl.Float64, strict=False).is_not_null()
    return known.len() >= _FEWEST and bool(numbers.all())


def _is_no_id(cell: str | None, others: pl.Series) -> bool:
    if cell is None or not cell.strip():
        return True
    has_digit = others.str.contains("[0-9]")
    return not any(character.isdigit() for character in cell) and bool(has_digit.all())


def _without_totals(rows: pl.DataFrame, row_id: str, gate: RowGate) -> pl.DataFrame:
    """Leave out totals, which stand below all rows."""
    word = pl.col(row_id).str.strip_chars().str.strip_chars_end(":").str.to_lowercase()
    totals = rows.select(word.is_in(_TOTALS).fill_null(False)).to_series()
    if not totals.any():
        return rows
    last = rows.filter(~totals)[SOURCE_ROW].max()
    below = pl.col(SOURCE_ROW) > (last if last is not None else 0)
    detail = "a line of totals below the rows"
    return gate.drop(rows, below, "total_row", detail, column=row_id)
