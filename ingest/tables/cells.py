"""What a cell holds: nothing, a number, a day, a date that must not come in.

Expressions over columns of text, and the steps of the gate that need them.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from roentgene.ingest.personal_text import has_date as has_date
from roentgene.ingest.personal_text import may_be_date as may_be_date
from roentgene.ingest.tables.decimals import comma_detail, has_comma
from roentgene.ingest.tables.row_gate import RowGate, quoted
from roentgene.schemas.cohort_perturbations import DRAWN_REPEATS

#: Days from day zero beyond which a number is no day: a hundred years. The date numbers of
#: spreadsheets (days since 1900) lie above it from the year 2000 on.
LAST_DAY = 36525
#: No repeat, position in a genome or count is larger, and what is stored holds no more.
LARGEST_WHOLE = 999_999_999


def text(column: str | list[str], missing: Iterable[str]) -> pl.Expr:
    """Cells without the blanks around them; NULL where empty or a word for no value."""
    cell = pl.col(column).cast(pl.String).str.strip_chars()
    words = sorted({"", *(word.strip() for word in missing)})
    return pl.when(~cell.is_in(words)).then(cell)


def number(cell: str) -> pl.Expr:
    """Text as a finite number; NULL where it is none.

    Only decimal notation counts: no decimal comma, no thousands, no ``inf`` or ``nan``.
    """
    value = pl.col(cell).cast(pl.Float64, strict=False)
    return pl.when(value.is_finite()).then(value)


def take_numbers(
    rows: pl.DataFrame,
    cell: str,
    gate: RowGate,
    column: str | None,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    drop: bool = False,
) -> pl.DataFrame:
    """Turn column ``cell`` from text into numbers.

    Parameters
    ----------
    rows : polars.DataFrame
        Rows with the cells as text, NULL where there is none.
    cell : str
        The column of ``rows``.
    gate : RowGate
        Takes down ``looks_like_date``, ``comma_in_number``, ``not_a_number`` and
        ``out_of_range``.
    column : str or None
        What the file calls it.
    minimum, maximum : float, optional
        Range, its limits included.
    drop : bool
        Leave the row out; otherwise only the cell, which becomes NULL.
    """
    rows = refuse_dates(rows, cell, gate, column, drop=drop)
    rows = refuse_cells(
        rows, cell, has_comma(cell), "comma_in_number", comma_detail(cell), gate, column, drop
    )
    none = pl.col(cell).is_not_null() & number(cell).is_null()
    detail = pl.format("{} is no number", quoted(cell))
    rows = refuse_cells(rows, cell, none, "not_a_number", detail, gate, column, drop)
    value = number(cell)
    bad, limits = pl.lit(False), []
    if minimum is not None:
        bad, limits = bad | (value < minimum), [f"at least {minimum:g}"]
    if maximum is not None:
        bad, limits = bad | (value > maximum), [*limits, f"at most {maximum:g}"]
    detail = pl.format(f"{{}} where {' and '.join(limits)} is allowed", pl.col(cell))
    rows = refuse_cells(rows, cell, bad, "out_of_range", detail, gate, column, drop)
    return rows.with_columns(number(cell).alias(cell))


def take_whole_numbers(
    rows: pl.DataFrame,
    cell: str,
    gate: RowGate,
    column: str | None,
    *,
    minimum: float | None = None,
    drop: bool = False,
) -> pl.DataFrame:
    """Turn column ``cell`` from text into whole numbers up to :data:`LARGEST_WHOLE`.

    Larger ones are refused as ``out_of_range``; see :func:`take_numbers`.
    """
    broken = number(cell) != number(cell).round()
    detail = pl.format("{} is no whole number", quoted(cell))
    rows = refuse_cells(rows, cell, broken, "not_a_number", detail, gate, column, drop)
    large = number(cell).abs() > LARGEST_WHOLE
    # not repeated in the message, for it may be a date and its time in digits
    limit = f"a number beyond {LARGEST_WHOLE}"
    rows = refuse_cells(rows, cell, large, "out_of_range", limit, gate, column, drop, private=True)
    rows = take_numbers(rows, cell, gate, column, minimum=minimum, drop=drop)
    return rows.with_columns(pl.col(cell).cast(pl.Int64))


def take_repeat_numbers(
    rows: pl.DataFrame, cell: str, gate: RowGate, column: str | None
) -> pl.DataFrame:
    """Turn column ``cell`` from text into numbers of repetitions; rows of others are left out.

    Those beyond :data:`roentgene.schemas.cohort_perturbations.DRAWN_REPEATS` are refused as
    ``out_of_range``, for perturbations have them.
    """
    rows = take_whole_numbers(rows, cell, gate, column, minimum=1, drop=True)
    many = pl.col(cell) > DRAWN_REPEATS
    detail = pl.format(f"{{}} where at most {DRAWN_REPEATS} is allowed", pl.col(cell))
    return refuse_cells(rows, cell, many, "out_of_range", detail, gate, column, drop=True)


def take_days(
    rows: pl.DataFrame, cell: str, gate: RowGate, column: str | None, *, drop: bool = False
) -> pl.DataFrame:
    """Turn column ``cell`` from text into whole days from day zero; see :func:`take_numbers`.

    What is a hundred years away is most likely a date in disguise: it is refused as
    ``out_of_range`` and not repeated in the message.
    """
    rows = refuse_dates(rows, cell, gate, column, drop=drop)
    value = number(cell)
    far = value.abs() > LAST_DAY
    detail = "more than a hundred years from day zero; give days, not a date's number"
    rows = refuse_cells(rows, cell, far, "out_of_range", detail, gate, column, drop, private=True)
    none = pl.col(cell).is_not_null() & (value.is_null() | (value != value.round()))
    whole = pl.format("{} is no whole number of days", quoted(cell))
    rows = refuse_cells(rows, cell, none, "not_a_number", whole, gate, column, drop)
    return rows.with_columns(value.cast(pl.Int32).alias(cell))


def refuse_dates(
    rows: pl.DataFrame, cell: str, gate: RowGate, column: str | None, *, drop: bool = False
) -> pl.DataFrame:
    """Keep calendar dates out; neither they nor their hashes are taken down."""
    detail = "a calendar date; give days from day zero"
    return refuse_cells(
        rows, cell, has_date(cell), "looks_like_date", detail, gate, column, drop, private=True
    )


def take_words(
    rows: pl.DataFrame,
    cell: str,
    gate: RowGate,
    column: str | None,
    words: Iterable[str],
    *,
    drop: bool = False,
) -> pl.DataFrame:
    """Keep only the words of a closed list; others are refused as ``not_in_set``."""
    rows = refuse_dates(rows, cell, gate, column, drop=drop)
    allowed = sorted(words)
    bad = ~pl.col(cell).is_in(allowed)
    detail = pl.format(f"{{}} is none of {', '.join(allowed)}", quoted(cell))
    return refuse_cells(rows, cell, bad, "not_in_set", detail, gate, column, drop)


def need_values(
    rows: pl.DataFrame, cell: str, gate: RowGate, column: str | None, reason: str = "missing_value"
) -> pl.DataFrame:
    """Leave out rows whose cell is empty."""
    return gate.drop(rows, pl.col(cell).is_null(), reason, "the cell is empty", column=column)


def refuse_cells(
    rows: pl.DataFrame,
    cell: str,
    bad: pl.Expr,
    reason_code: str,
    detail: str | pl.Expr,
    gate: RowGate,
    column: str | None,
    drop: bool,
    private: bool = False,
) -> pl.DataFrame:
    """Refuse bad cells, with their rows or alone; private ones are not even hashed."""
    content = None if private else pl.col(cell)
    if drop:
        return gate.drop(rows, bad, reason_code, detail, column=column, content=content)
    return gate.blank(rows, cell, bad, reason_code, detail, column=column, content=content)
