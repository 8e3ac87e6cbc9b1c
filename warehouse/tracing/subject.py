"""What is traced: one row of a view or a stored table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import duckdb

from roentgene.queries import render
from roentgene.queries.registry import VERSIONS_SCHEMA, View, registry
from roentgene.queries.tracing import count_where, rows_where
from roentgene.schemas.errors import FileError, QueryError
from roentgene.schemas.tables import Table, tables
from roentgene.warehouse.store import Warehouse

Row = Mapping[str, Any]

_SHOWN_ROWS = 1000


@dataclass(frozen=True)
class Subject:
    """A view or a stored table.

    Parameters
    ----------
    full_name : str
        Name with its schema.
    view : View or None
        The version that the name stands for; None for a stored table.
    table : Table or None
        The table; None for a view.
    """

    full_name: str
    view: View | None = None
    table: Table | None = None

    @property
    def id_column(self) -> str | None:
        """The one column that names a row, where there is one."""
        keys = self.table.unique_keys() if self.table is not None else ()
        return next((key[0] for key in keys if len(key) == 1), None)


def find_subject(name: str, pins: Mapping[str, int]) -> Subject:
    """View or table that a name stands for.

    Parameters
    ----------
    name : str
        ``mart.coverage``, ``coverage``, ``coverage_v1``, ``imaging.measurement``, ``measurement``.
    pins : mapping of str to int
        ``view_versions`` of study.yaml.

    Raises
    ------
    FileError
        If there is none of the name, or a short name stands for several tables.
    """
    views = _views(pins)
    if name in views:
        return views[name]
    named = [t for t in tables().values() if name in (t.full_name, t.name)]
    if len(named) == 1:
        return Subject(named[0].full_name, table=named[0])
    if named:
        msg = f"{name!r} is {' or '.join(t.full_name for t in named)}"
        raise FileError(msg, "Write its schema before it")
    near = get_close_matches(name, [*views, *tables(), *(t.name for t in tables().values())], n=1)
    cure = f"Did you mean {near[0]!r}?" if near else "'SHOW ALL TABLES' lists what there is"
    msg = f"there is no view or table {name!r}"
    raise FileError(msg, cure)


def _views(pins: Mapping[str, int]) -> dict[str, Subject]:
    known = registry()
    found = {}
    for view in known.views:
        subject = Subject(f"{VERSIONS_SCHEMA}.{view.versioned_name}", view)
        found[view.versioned_name] = found[subject.full_name] = subject
    for view in known.pinned(pins):
        found[view.name] = found[view.full_name] = Subject(view.full_name, view)
    return found


def fetch(warehouse: Warehouse, sql: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Rows of a query by column name."""
    cursor = warehouse.connection.execute(sql, dict(parameters) if parameters else None)
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def column_types(warehouse: Warehouse, full_name: str) -> dict[str, str]:
    """Columns of a view or table with their types, in their order."""
    relation = warehouse.sql(render.select_view(*full_name.split(".")))
    return dict(zip(relation.columns, [str(kind) for kind in relation.types], strict=True))


def find_row(
    warehouse: Warehouse, subject: Subject, conditions: Mapping[str, str | None]
) -> dict[str, Any]:
    """Find the one row of a view or table whose columns have the given values.

    Parameters
    ----------
    warehouse : Warehouse
        The warehouse, at any snapshot.
    subject : Subject
        View or table.
    conditions : mapping of str to str or None
        Value of each column as text; None asks for NULL.

    Raises
    ------
    QueryError
        If a column does not exist, a value does not fit its type, or not exactly one row fits.
    """
    types = column_types(warehouse, subject.full_name)
    unknown = sorted(set(conditions) - set(types))
    if unknown:
        near = get_close_matches(unknown[0], list(types), n=1)
        hint = f"Did you mean {near[0]!r}?" if near else f"It has {', '.join(types)}"
        msg = f"{subject.full_name} has no column {unknown[0]!r}"
        raise QueryError(msg, hint)
    compared = {
        name: types[name] if given is not None else None for name, given in conditions.items()
    }
    bound = {f"c{number}": given for number, given in enumerate(conditions.values())}
    bound = {name: given for name, given in bound.items() if given is not None}
    try:
        found = fetch(warehouse, rows_where(subject.full_name, compared, _SHOWN_ROWS), bound)
        n_rows = len(found)
        if n_rows == _SHOWN_ROWS:
            n_rows = fetch(warehouse, count_where(subject.full_name, compared), bound)[0][
                "count_star()"
            ]
    except duckdb.ConversionException as error:
        msg = f"a value does not fit its column: {str(error).splitlines()[0]}"
        raise QueryError(msg, "'DESCRIBE name' lists the types of its columns") from error
    if n_rows == 1:
        return found[0]
    said = ", ".join(f"{name}={given or ''}" for name, given in conditions.items()) or "anything"
    if not found:
        msg = f"no row of {subject.full_name} has {said}"
        raise QueryError(msg, "Look at its rows with 'roentgene sql', and copy values from there")
    msg = f"{n_rows:,} rows of {subject.full_name} have {said}"
    raise QueryError(msg, f"Say more with --where: they differ in {_differences(types, found)}")


def _differences(names: Iterable[str], found: Sequence[Row]) -> str:
    differing = [name for name in names if len({str(row[name]) for row in found}) > 1]
    return ", ".join(differing[:8]) or "nothing at all"
