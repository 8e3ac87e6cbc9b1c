"""The rules of staged rows, made from the declaration of their table.

Each rule is one expectation on one column of a frame. Three things are computed in Arrow and
Polars and put into that frame as a column of true and false, instead of being left to pandas:
whether a number is finite (pandas may take NaN for a missing value), whether a value fits its
declared type (a pandas column has one type already), and whether a key stands for the first time
(a chunk cannot see the other chunks).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from roentgene.schemas.tables import Column, Table

_NOT_NULL = "expect_column_values_to_not_be_null"
_IN_SET = "expect_column_values_to_be_in_set"
_BETWEEN = "expect_column_values_to_be_between"
_SHOWN_WORDS = 12
# cells of a grid for each of its keys: a cell is a byte, where a hash would be eight
_GRID = 8

Fact = Callable[[], pa.ChunkedArray]


@dataclass(frozen=True)
class Rule:
    """What is demanded of each row.

    Parameters
    ----------
    name : str
        Short name, e.g. ``sex in set``.
    reason_code : str
        Why a row that breaks it is refused.
    demand : str
        What is demanded, in words that end a sentence.
    column : str or None
        Column that it is about; None where it is about the key.
    frame_column : str
        Column of the frame that the expectation looks at.
    values : callable
        Gives that column.
    expectation : str
        Type of the expectation.
    arguments : mapping
        Its arguments besides the column.
    """

    name: str
    reason_code: str
    demand: str
    column: str | None
    frame_column: str
    values: Fact
    expectation: str
    arguments: Mapping[str, Any]

    @property
    def within_limits(self) -> bool:
        """Whether it says how small or great a number may be."""
        return self.expectation == _BETWEEN

    @property
    def needs_value(self) -> bool:
        """Whether an empty cell breaks it; every other rule lets it pass."""
        return self.expectation == _NOT_NULL


@dataclass(frozen=True)
class Typed:
    """Rows in their declared types, with the places where that was not possible.

    Parameters
    ----------
    rows : pyarrow.Table
        The rows; a value that does not fit is NULL.
    fits : dict of str to ChunkedArray of bool
        For each column that came in a type of which not every value must fit, whether it does.
    """

    rows: pa.Table
    fits: Mapping[str, pa.ChunkedArray]


def in_declared_types(declared: Table, rows: pa.Table) -> Typed:
    """Bring rows into the declared Arrow types, without loss.

    Text never becomes a number, nor a number text: such values do not fit. Columns that the
    table does not declare stay as they are.
    """
    fits = {}
    for column in declared.columns:
        if column.name not in rows.column_names:
            continue
        given = rows[column.name]
        if is_coded(given.type) and _family(column.arrow_type) == "text":
            continue  # texts that repeat stay categories until they are stored
        if given.type != column.arrow_type:
            cast, fitting = _cast(given, column.arrow_type)
            if not _always_fits(given.type, column.arrow_type):
                fits[column.name] = fitting
            place = rows.column_names.index(column.name)
            rows = rows.set_column(place, pa.field(column.name, column.arrow_type), cast)
    return Typed(rows, fits)


def is_coded(kind: pa.DataType) -> bool:
    """Whether a column holds texts as categories."""
    return pa.types.is_dictionary(kind) and _family(kind.value_type) == "text"


def as_text(rows: pa.Table) -> pa.Table:
    """Rows with their categories written out."""
    for place, field in enumerate(rows.schema):
        if is_coded(field.type):
            rows = rows.set_column(place, field.name, rows[field.name].cast(pa.string()))
    return rows


def rules_of(declared: Table, typed: Typed, key: Sequence[str]) -> list[Rule]:
    """Make the rules of a table, in the order in which they are told.

    Parameters
    ----------
    declared : Table
        The table.
    typed : Typed
        Its staged rows.
    key : sequence of str
        Columns that may not repeat, in place of the declared key.
    """
    rows = typed.rows
    present = [c for c in declared.columns if c.name in rows.column_names]
    names = {column.name for column in declared.columns}
    natural = [
        Column(name, "VARCHAR", "part of the natural key", required=True)
        for name in key
        if name not in names and name in rows.column_names
    ]
    found = [rule for column in (*present, *natural) for rule in _of_column(column, typed)]
    nullable = {column.name for column in present if not column.required}
    for columns in (tuple(key), *declared.unique):
        if set(columns) <= set(rows.column_names):
            found.append(_unique(rows, columns, nullable))
    return found


def _of_column(column: Column, typed: Typed) -> Iterator[Rule]:
    name = column.name

    def values() -> pa.ChunkedArray:
        return typed.rows[name]

    def fits() -> pa.ChunkedArray:
        return typed.fits[name]

    def finite() -> pa.ChunkedArray:
        return pc.is_finite(typed.rows[name])

    if name in typed.fits:
        kind = str(column.arrow_type)
        yield _true(f"{name} of type {kind}", f"must be {kind}", name, "staged_rule", fits)
    if column.required:
        demand = "must not be empty"
        yield Rule(f"{name} not null", "missing_value", demand, name, name, values, _NOT_NULL, {})
    if column.finite:
        yield _true(f"{name} finite", "must be a finite number", name, "staged_rule", finite)
    if column.values:
        allowed = {"value_set": list(column.values)}
        demand = f"must be {_words(column.values)}"
        yield Rule(f"{name} in set", "not_in_set", demand, name, name, values, _IN_SET, allowed)
    if column.min is not None or column.max is not None:
        limits = {"min_value": column.min, "max_value": column.max}
        demand = f"must be {_range(column.min, column.max)}"
        yield Rule(f"{name} in range", "out_of_range", demand, name, name, values, _BETWEEN, limits)


def _unique(rows: pa.Table, columns: tuple[str, ...], nullable: set[str]) -> Rule:
    listed = ", ".join(columns)

    def stands_first() -> pa.ChunkedArray:
        keys = pl.DataFrame(rows.select(list(columns)))
        first = _stands_first(keys)
        for name in columns:
            if name not in nullable:
                # a key without its parts is refused as such, not as a repetition
                first = first | keys[name].is_null()
        return pa.chunked_array([first.to_arrow()])

    return _true(
        f"{listed} unique", "repeats the key of an earlier row", None, "duplicate_row", stands_first
    )


def _stands_first(keys: pl.DataFrame) -> pl.Series:
    """Whether each key stands for the first time.

    Numbers or hashes of the keys tell with a fraction of the memory that none repeats; where two of
    them meet, be it by chance, the keys are compared themselves.
    """
    if _all_differ(keys):
        return pl.Series([True]).new_from_index(0, keys.height)
    return keys.select(pl.struct(pl.all()).is_first_distinct()).to_series()


def _all_differ(keys: pl.DataFrame) -> bool:
    numbers = _numbered(keys)
    if numbers is None:
        return keys.hash_rows().n_unique() == keys.height
    stands = np.zeros(numbers.max() + 1, dtype=bool)
    stands[numbers] = True
    return int(np.count_nonzero(stands)) == keys.height


def _numbered(keys: pl.DataFrame) -> NDArray[np.int64] | None:
    """Give keys of categories as numbers of cells in a grid, unless it is much larger than they."""
    numbers, n_cells = np.zeros(keys.height, dtype=np.int64), 1
    for column in keys.iter_columns():
        codes = column.to_physical().to_numpy() if column.dtype == pl.Categorical else None
        if codes is None or not codes.size or column.null_count():
            return None
        first, width = codes.min(), int(codes.max()) - int(codes.min()) + 1
        n_cells *= width
        if n_cells > _GRID * keys.height:
            return None
        numbers *= width
        numbers += codes - first
    return numbers


def _true(name: str, demand: str, column: str | None, reason_code: str, fact: Fact) -> Rule:
    arguments = {"value_set": [True]}
    return Rule(name, reason_code, demand, column, name, fact, _IN_SET, arguments)


def _words(values: Sequence[str]) -> str:
    if len(values) > _SHOWN_WORDS:
        return f"one of the {len(values)} declared words"
    return f"one of {', '.join(values)}"


def _range(low: float | None, high: float | None) -> str:
    if low is None:
        return f"at most {high:g}"
    return f"at least {low:g}" if high is None else f"from {low:g} to {high:g}"


def _always_fits(given: pa.DataType, target: pa.DataType) -> bool:
    """Whether two types differ in how they lay out the same text, or nothing is given at all."""
    family = _family(given)
    return family == "null" or (family.endswith("text") and family == _family(target))


def _cast(given: pa.ChunkedArray, target: pa.DataType) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    if _family(given.type) not in {_family(target), "null"}:
        return pa.chunked_array([pa.nulls(len(given), target)]), given.is_null()
    try:
        cast = given.cast(target)
    except pa.ArrowInvalid:
        return _cast_one_by_one(given, target)
    return cast, pa.chunked_array([pa.repeat(pa.scalar(True), len(given))])


def _cast_one_by_one(
    given: pa.ChunkedArray, target: pa.DataType
) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    # values repeat: each distinct one is tried once
    encoded = given.combine_chunks().dictionary_encode()
    distinct = pa.array([_or_none(value, target) for value in encoded.dictionary], target)
    cast = distinct.take(encoded.indices)
    fits = pc.or_(cast.is_valid(), given.combine_chunks().is_null())
    return pa.chunked_array([cast]), pa.chunked_array([fits])


def _or_none(value: pa.Scalar, target: pa.DataType) -> Any:
    try:
        return value.cast(target).as_py()
    except pa.ArrowInvalid:
        return None


def _family(kind: pa.DataType) -> str:
    types = pa.types
    if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
        return "text"
    if types.is_integer(kind) or types.is_floating(kind):
        return "number"
    if types.is_list(kind) or types.is_large_list(kind):
        return f"list of {_family(kind.value_type)}"
    if types.is_timestamp(kind):
        return "instant" if kind.tz else "local time"
    return str(kind)
