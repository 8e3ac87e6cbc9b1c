"""Columns of a release: their values, what each is, and where the values of each row came from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
import pyarrow as pa

from roentgene.analyses.releasing.units import Units
from roentgene.analyses.releasing.wide_matrix import arrow_columns, wide_matrix
from roentgene.schemas.errors import FileError

#: What the dictionary says of a column.
DICTIONARY = pa.schema(
    [
        *((name, pa.string()) for name in ("column", "block", "feature", "kind", "engine")),
        *((name, pa.string()) for name in ("class", "image_type", "ibsi_code")),
        *((name, pa.string()) for name in ("ibsi_aggregation", "ibsi_status", "unit", "profile")),
        *((name, pa.string()) for name in ("region", "sequence", "timepoint_id", "value_scale")),
        ("volume_dependent", pa.bool_()),
        *((name, pa.string()) for name in ("type", "source")),
    ]
)
#: Where the values of a row in the columns of a source came from.
SOURCES: Mapping[str, type[pl.DataType]] = {
    "row_no": pl.Int32,
    "source": pl.String,
    "cohort_id": pl.String,
    "patient_id": pl.String,
    "visit": pl.String,
    "study_day": pl.Int64,
    "record": pl.String,
    "batch_id": pl.String,
    "extraction_id": pl.String,
    "engine_version": pl.String,
    "settings_hash": pl.String,
}
TEXT, NUMBER, INTEGER = "text", "number", "integer"


@dataclass(frozen=True)
class Columns:
    """Columns with their rows of the dictionary, in one order, and their sources."""

    dictionary: list[dict[str, Any]]
    arrays: list[pa.Array]
    sources: pl.DataFrame

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
        return [row["column"] for row in self.dictionary]


def no_sources() -> pl.DataFrame:
    """Give no source, with all columns."""
    return pl.DataFrame(schema=dict(SOURCES))


def sources_of(rows: pl.DataFrame) -> pl.DataFrame:
    """Bring rows to the columns of sources; what is not there is missing."""
    return rows.select(
        (pl.col(name) if name in rows.columns else pl.lit(None)).cast(kind).alias(name)
        for name, kind in SOURCES.items()
    ).unique(maintain_order=True)


def joined(parts: Iterable[Columns]) -> Columns:
    """Put columns beside each other, by name; one that is asked for twice stands once."""
    found: dict[str, tuple[dict[str, Any], pa.Array]] = {}
    sources = [no_sources()]
    for part in parts:
        for row, values in zip(part.dictionary, part.arrays, strict=True):
            found.setdefault(row["column"], (row, values))
        sources.append(part.sources)
    names = sorted(found)
    return Columns(
        [found[name][0] for name in names],
        [found[name][1] for name in names],
        pl.concat(sources).unique(maintain_order=True),
    )


def rows_of_persons(cells: pl.DataFrame, units: Units, *, by_visit: bool) -> pl.DataFrame:
    """Give cells of patients the numbers of the rows that they belong to.

    Parameters
    ----------
    cells : polars.DataFrame
        ``cohort_id`` and ``patient_id``, and ``timepoint_id`` where they belong to visits.
    units : Units
        Who is in the release.
    by_visit : bool
        Whether a cell belongs to the row of its visit alone; else to all rows of the person.
    """
    keys = ["cohort_id", "patient_id"]
    if by_visit:
        return cells.join(units.places, on=[*keys, "timepoint_id"], how="inner")
    rows = units.patients.select(*keys, "person_id")
    rows = rows.join(units.rows.select("person_id", "row_no"), on="person_id").drop("person_id")
    return cells.join(rows, on=keys, how="inner")


def spread(cells: pl.DataFrame, n_rows: int, what: str, cure: str) -> dict[str, pa.Array]:
    """Arrange long cells as columns.

    Parameters
    ----------
    cells : polars.DataFrame
        ``row_no``, ``column`` and ``value``; equal values of one cell count once.
    n_rows : int
        Number of rows.
    what, cure : str
        What the values are, and what to do where a row has several; for the message.

    Raises
    ------
    FileError
        If a row has different values of a column.
    """
    given = cells.select("row_no", "column", "value").drop_nulls("value")
    if not given.height:
        return {}
    if given.schema["value"] == pl.Float64:
        return _spread_numbers(given, n_rows, what, cure)
    distinct = given.unique()
    several = distinct.group_by("row_no", "column").len().filter(pl.col("len") > 1)
    if several.height:
        raise _several(several["column"].min(), several["row_no"].n_unique(), what, cure)
    kind = pa.string() if distinct.schema["value"] == pl.String else pa.int64()
    found = {}
    for (name,), part in sorted(distinct.partition_by("column", as_dict=True).items()):
        values: list[Any] = [None] * n_rows
        for row, value in zip(part["row_no"], part["value"], strict=True):
            values[row] = value
        found[str(name)] = pa.array(values, kind)
    return found


def _spread_numbers(given: pl.DataFrame, n_rows: int, what: str, cure: str) -> dict[str, pa.Array]:
    names = given["column"].unique().sort()
    numbered = pl.DataFrame({"column": names}).with_row_index("code")
    codes = given.join(numbered, on="column", maintain_order="left")["code"]
    values = given["value"].to_numpy()
    matrix = wide_matrix(
        given["row_no"].cast(pl.Int64).to_numpy(), codes.cast(pl.Int64).to_numpy(), values, n_rows
    )
    if matrix.clashes:
        n_several = len({row for _, row in matrix.clashes})
        raise _several(names[matrix.clashes[0][0]], n_several, what, cure)
    return dict(zip(names, arrow_columns(matrix), strict=True))


def _several(example: Any, n_rows: int, what: str, cure: str) -> FileError:
    msg = f"{n_rows} rows have several values of {what}, e.g. {example}"
    return FileError(msg, cure)


def described(column: str, block: str, values: pa.Array, **more: Any) -> dict[str, Any]:
    """Row of the dictionary."""
    return {"column": column, "block": block, "type": type_word(values.type), **more}


def one_unit(cells: pl.DataFrame, what: str) -> dict[str, str | None]:
    """Give the unit of each column.

    Raises
    ------
    FileError
        If the numbers of a column are in several units: they would be mixed.
    """
    units = cells.select("column", "unit").unique().drop_nulls().sort("column", "unit")
    several = units.filter(pl.col("column").is_duplicated())
    if several.height:
        name = several["column"][0]
        told = " and ".join(several.filter(pl.col("column") == name)["unit"])
        msg = f"the {what} {name} are in {told}"
        raise FileError(msg, "Bring them to one unit, or include only cohorts that have one")
    known = dict(units.iter_rows())
    return {name: known.get(name) for name in cells["column"].unique().to_list()}


def type_word(kind: pa.DataType) -> str:
    """Word of the dictionary for an Arrow type."""
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return TEXT
    return INTEGER if pa.types.is_integer(kind) else NUMBER


def dictionary_table(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Make the dictionary; what a row does not say is missing."""
    return pa.Table.from_pylist([dict(row) for row in rows], DICTIONARY)
