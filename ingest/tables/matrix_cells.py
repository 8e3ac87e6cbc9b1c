"""The cells of a matrix: numbers, limits, what is refused, and the rows they become."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl

from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.tables.cells import text
from roentgene.ingest.tables.row_gate import RowGate, quoted

#: Column with what a row of a wide matrix is about: a name that no column of a file has.
INDEX = "\x1findex"

_LIMIT = r"^([<>]=?)\s*(\S+)$"
_REFUSED = math.inf


@dataclass(frozen=True)
class Demand:
    """What a value must be besides a finite number.

    Parameters
    ----------
    reason_code : str
        Why a cell that breaks it is refused.
    detail : str
        What is demanded: ``"-0.3" is not from 0 to 1`` ends with it.
    holds : callable
        Whether it holds of an expression of numbers.
    """

    reason_code: str
    detail: str
    holds: Callable[[pl.Expr], pl.Expr]


def numbers(read: pl.DataFrame, columns: list[str], missing: tuple[str, ...]) -> pl.DataFrame:
    """Cells as numbers: NULL where there is none, infinite where it is refused.

    Infinity may stand for what is no number because none that is let in is infinite.

    Parameters
    ----------
    read : polars.DataFrame
        The cells as the file has them, text or numbers.
    columns : list of str
        The columns that are wanted.
    missing : tuple of str
        Words for no value.
    """
    found = read.select(pl.col(columns).cast(pl.Float64, strict=False))
    words = [float(word) for word in missing if _is_number(word)]
    is_word = pl.col(columns).is_in(words) if words else pl.lit(False)
    finite = found.select((pl.col(columns).is_finite() & ~is_word).fill_null(False))
    all_finite = finite.select(pl.col(columns).all()).row(0)
    # most cells are numbers: only the others are looked at as text
    looked_at = [name for name, whole in zip(columns, all_finite, strict=True) if not whole]
    corrected = [
        _looked_at(found[name], read[name], (~finite[name]).arg_true(), missing)
        for name in looked_at
    ]
    return found.with_columns(corrected) if corrected else found


def _looked_at(
    numbers: pl.Series, given: pl.Series, places: pl.Series, missing: tuple[str, ...]
) -> pl.Series:
    cells = given.gather(places).to_frame().select(text(given.name, missing)).to_series()
    number = cells.cast(pl.Float64, strict=False).fill_nan(_REFUSED).fill_null(_REFUSED)
    value = pl.select(pl.when(cells.is_not_null()).then(number)).to_series()
    return numbers.scatter(places, value)


def _is_number(word: str) -> bool:
    try:
        return math.isfinite(float(word))
    except ValueError:
        return False


def refuse_cells(
    cells: pl.DataFrame,
    read: pl.DataFrame,
    columns: list[str],
    gate: RowGate,
    demands: Iterable[Demand],
) -> pl.DataFrame:
    """Take down the cells that are no numbers or not what is demanded, and mark all of them.

    Parameters
    ----------
    cells : polars.DataFrame
        ``source_row`` and the columns as :func:`numbers` gives them.
    read : polars.DataFrame
        ``source_row`` and the cells as the file has them.
    columns : list of str
        The columns.
    gate : RowGate
        Takes the refusals down, as one where a whole column has no number.
    demands : iterable of Demand
        What else a value must be.

    Returns
    -------
    polars.DataFrame
        The cells, infinite where they are refused.
    """
    if not cells.height:
        return cells
    bad = cells.select(pl.col(columns).is_infinite().sum()).row(0)
    known = cells.select(pl.col(columns).count()).row(0)
    for column, n_bad, n_known in zip(columns, bad, known, strict=True):
        if n_bad == n_known > 1:
            detail = f"none of its {n_known} cells is a number"
            gate.refuse("not_a_number", "column", detail, column=column)
        elif n_bad:
            _refuse_column(cells, read, column, pl.col(column).is_infinite(), gate)
    for demand in demands:
        broken = (~demand.holds(pl.col(columns)) & pl.col(columns).is_finite()).fill_null(False)
        counts = cells.select(broken.sum()).row(0)
        for column, n_broken in zip(columns, counts, strict=True):
            if n_broken:
                one = ~demand.holds(pl.col(column)) & pl.col(column).is_finite()
                _refuse_column(cells, read, column, one, gate, demand)
        if any(counts):
            cells = cells.with_columns(pl.when(~broken).then(pl.col(columns)).otherwise(_REFUSED))
    return cells


def _refuse_column(
    cells: pl.DataFrame,
    read: pl.DataFrame,
    column: str,
    bad: pl.Expr,
    gate: RowGate,
    demand: Demand | None = None,
) -> None:
    given = read.select(SOURCE_ROW, pl.col(column).cast(pl.String).alias("given"))
    refused = cells.filter(bad).select(SOURCE_ROW).join(given, on=SOURCE_ROW, maintain_order="left")
    code = "not_a_number" if demand is None else demand.reason_code
    shown = pl.format(
        f"{{}} {'is no number' if demand is None else demand.detail}", quoted("given")
    )
    gate.refuse_rows(refused, code, shown, column, pl.col("given"))


def melted(
    cells: pl.DataFrame, columns: list[str], name: str, index: str, *, by_name: bool
) -> pl.DataFrame:
    """Make one row a cell of a wide matrix, those of an entity together and in its order.

    Parameters
    ----------
    cells : polars.DataFrame, n rows
        ``source_row``, :data:`INDEX` and the columns, as :func:`refuse_cells` gives them.
    columns : list of str, m columns
        Columns with values.
    name, index : str
        What the names of the columns, and the index, become.
    by_name : bool
        Whether the entities are the columns and not the index.

    Returns
    -------
    polars.DataFrame, n x m rows
        ``source_row``, ``index`` and ``name`` as categories, ``value``; without refused cells.
    """
    indexes, lines = cells[INDEX], cells[SOURCE_ROW]
    # as 64-bit numbers, NaN where there is no value
    matrix = cells.select(columns).cast(pl.Float64).to_numpy().reshape(len(indexes), len(columns))
    names = pl.Series(columns, dtype=pl.String)
    if by_name:
        of_name = names.arg_sort().to_numpy()
        of_index = np.arange(len(indexes), dtype=np.uint32)
        values = np.ascontiguousarray(matrix.T[of_name]).ravel()
        places = np.tile(of_index, len(of_name))
        name_places = np.repeat(of_name, len(of_index))
    else:
        of_index = indexes.arg_sort().to_numpy()
        of_name = np.arange(len(names), dtype=np.uint32)
        values = np.ascontiguousarray(matrix[of_index]).ravel()
        places = np.repeat(of_index, len(of_name))
        name_places = np.tile(of_name, len(of_index))
    del matrix
    rows = pl.DataFrame(
        {
            SOURCE_ROW: lines.gather(pl.Series(places)),
            index: indexes.cast(pl.Categorical).gather(pl.Series(places)),
            name: names.cast(pl.Categorical).gather(pl.Series(name_places)),
            "value": pl.Series(values).fill_nan(None),
        }
    )
    refused = rows["value"].is_infinite().fill_null(False)
    return rows.filter(~refused) if refused.any() else rows


def long_values(
    rows: pl.DataFrame,
    gate: RowGate,
    column: str | None,
    demands: Iterable[Demand],
    limits: bool,
) -> pl.DataFrame:
    """Put ``value``, and ``value_limit`` of values with limits, in place of ``given``.

    Parameters
    ----------
    rows : polars.DataFrame
        ``source_row`` and ``given``, the cell as text, NULL where there is none.
    gate : RowGate
        Takes the cells down that are refused; their rows are left out.
    column : str or None
        What the file calls the column; None where it is the row's ``name``.
    demands : iterable of Demand
        What a value must be besides a finite number.
    limits : bool
        Whether a cell may be a limit of the assay: ``>8``.
    """
    given = pl.col("given")
    if limits:
        bare = given.str.extract(_LIMIT, 2)
        rows = rows.with_columns(
            value_limit=given.str.extract(_LIMIT, 1), bare=pl.coalesce(bare, given)
        )
    else:
        rows = rows.with_columns(bare=given)
    number = pl.col("bare").cast(pl.Float64, strict=False)
    rows = rows.with_columns(value=pl.when(number.is_finite()).then(number)).drop("bare")
    none = given.is_not_null() & pl.col("value").is_null()
    detail = pl.format("{} is no number", quoted("given"))
    rows = _drop(rows, none, "not_a_number", detail, gate, column)
    for demand in demands:
        broken = ~demand.holds(pl.col("value"))
        detail = pl.format(f"{{}} {demand.detail}", quoted("given"))
        rows = _drop(rows, broken, demand.reason_code, detail, gate, column)
    return rows.drop("given")


def _drop(
    rows: pl.DataFrame,
    bad: pl.Expr,
    reason_code: str,
    detail: pl.Expr,
    gate: RowGate,
    column: str | None,
) -> pl.DataFrame:
    if column is not None:
        return gate.drop(rows, bad, reason_code, detail, column=column, content=pl.col("given"))
    for (name,), part in rows.filter(bad).group_by(["name"], maintain_order=True):
        gate.refuse_rows(part, reason_code, detail, str(name), pl.col("given"))
    return rows.filter(~bad.fill_null(False))
