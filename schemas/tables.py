"""Every stored table, declared once in ``tables/*.yaml``: grain, key, columns, types, units.

Migrations, documentation, key gates and staged-row gates are all made from these declarations.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pyarrow as pa

from roentgene.schemas.packaged import packaged_yaml
from roentgene.schemas.words import closed_list

_ARROW_TYPES: Mapping[str, pa.DataType] = {
    "VARCHAR": pa.string(),
    "VARCHAR[]": pa.list_(pa.string()),
    "BIGINT": pa.int64(),
    "INTEGER": pa.int32(),
    "DOUBLE": pa.float64(),
    "BOOLEAN": pa.bool_(),
    "TIMESTAMP WITH TIME ZONE": pa.timestamp("us", tz="UTC"),
}


@dataclass(frozen=True)
class Column:
    """A column of a stored table."""

    name: str
    type: str
    about: str
    required: bool = False
    unit: str | None = None
    values: tuple[str, ...] = ()
    min: float | None = None
    max: float | None = None
    finite: bool = False

    @property
    def arrow_type(self) -> pa.DataType:
        """Arrow type that the column is staged in."""
        return _ARROW_TYPES[self.type]


@dataclass(frozen=True)
class Reference:
    """Columns that must be found in another table."""

    table: str
    columns: Mapping[str, str]


@dataclass(frozen=True)
class Table:
    """A stored table."""

    schema: str
    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    written_by: str
    unique: tuple[tuple[str, ...], ...] = ()
    references: tuple[Reference, ...] = ()
    partitioned_by: tuple[str, ...] = ()
    sorted_by: tuple[str, ...] = field(default=())
    coded: bool = False

    @property
    def full_name(self) -> str:
        """Name with its schema, as people write it in SQL."""
        return f"{self.schema}.{self.name}"

    @property
    def arrow_schema(self) -> pa.Schema:
        """Arrow schema of the table's rows."""
        return pa.schema([pa.field(c.name, c.arrow_type, not c.required) for c in self.columns])

    @property
    def of_cohort(self) -> bool:
        """Whether each of its rows belongs to a cohort."""
        return any(column.name == "cohort_id" for column in self.columns)

    def column(self, name: str) -> Column:
        """Look a column up by name."""
        return next(column for column in self.columns if column.name == name)

    def unique_keys(self) -> Iterator[tuple[str, ...]]:
        """Every set of columns that may not repeat, the key first."""
        yield self.key
        yield from self.unique


def _column(name: str, row: Mapping[str, Any], key: tuple[str, ...]) -> Column:
    values = row.get("values", ())
    if isinstance(values, str):
        values = tuple(closed_list(values))
    return Column(
        name=name,
        type=row["type"],
        about=row["about"],
        required=row.get("required", False) or (name in key and not row.get("nullable", False)),
        unit=row.get("unit"),
        values=tuple(values),
        min=row.get("min"),
        max=row.get("max"),
        finite=row.get("finite", False),
    )


def _references(rows: Mapping[str, Any]) -> tuple[Reference, ...]:
    return tuple(
        Reference(table, columns if isinstance(columns, dict) else {c: c for c in columns})
        for table, columns in rows.items()
    )


_BATCH_ID = Column("batch_id", "VARCHAR", "batch that wrote the row", required=True)


def _table(schema: str, name: str, row: Mapping[str, Any], written_by: str) -> Table:
    key = tuple(row["key"])
    columns = tuple(_column(c, spec, key) for c, spec in row["columns"].items())
    writer = row.get("written_by", written_by)
    if writer == "batch":
        columns += (_BATCH_ID,)
    return Table(
        schema=schema,
        name=name,
        grain=row["grain"],
        key=key,
        columns=columns,
        written_by=writer,
        unique=tuple(tuple(u) for u in row.get("unique", ())),
        references=_references(row.get("references", {})),
        partitioned_by=tuple(row.get("partitioned_by", ())),
        sorted_by=tuple(row.get("sorted_by", ())),
        coded=row.get("coded", False),
    )


@cache
def tables() -> Mapping[str, Table]:
    """All stored tables by full name, in an order in which references point backwards."""
    found: dict[str, Table] = {}
    for schema in ("study", "vocab", "imaging", "genomic", "clinical", "ops", "result"):
        declared = packaged_yaml("tables", f"{schema}.yaml")
        for name, row in declared["tables"].items():
            table = _table(declared["schema"], name, row, declared["written_by"])
            found[table.full_name] = table
    return found


def table(full_name: str) -> Table:
    """Look a table up by its full name, e.g. ``imaging.measurement``."""
    return tables()[full_name]
