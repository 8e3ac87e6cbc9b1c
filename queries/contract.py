"""The contract of the views: the columns and types that each promises, as they stand in a file.

``columns.lock`` holds them, written by :mod:`roentgene.queries.freeze`. A view is bound against
empty tables as ``schemas/`` declares them, so that a change of a stored table shows in every view
that passes it on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from roentgene.queries import render
from roentgene.queries.macros import parameters_of
from roentgene.queries.migration import VIEW_SCHEMAS
from roentgene.queries.registry import VERSIONS_SCHEMA, Registry, View
from roentgene.schemas.errors import FileError
from roentgene.schemas.tables import tables

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

#: Columns of each view with their types, in their order.
Contract = Mapping[str, Mapping[str, str]]


def bound_contract(found: Registry, macros: Sequence[View] = ()) -> dict[str, dict[str, str]]:
    """Bind every view and macro against empty tables.

    Parameters
    ----------
    found : Registry
        The views.
    macros : sequence of View
        The macros on them.

    Returns
    -------
    dict of str to dict of str to str
        Name in the lock file, of macros after ``macros/``, and of each column its type as DuckDB
        has it.

    Raises
    ------
    FileError
        If a view does not bind: a column that is not there, a type that does not fit.
    """
    import duckdb

    columns = {}
    with duckdb.connect() as con:
        for schema in dict.fromkeys([*(t.schema for t in tables().values()), *VIEW_SCHEMAS]):
            con.execute(render.create_schema(schema))
        for declared in tables().values():
            con.execute(render.create_table(declared))
        for view in found.views:
            made = render.create_view(VERSIONS_SCHEMA, view.versioned_name, view.select)
            columns[view.locked_name] = _bound(con, view, made, "")
        for macro in macros:
            names = parameters_of(macro)
            made = render.create_macro(VERSIONS_SCHEMA, macro.versioned_name, names, macro.select)
            call = f"({', '.join('NULL' for _ in names)})"
            columns[f"macros/{macro.locked_name}"] = _bound(con, macro, made, call)
    return dict(sorted(columns.items()))


def _bound(con: DuckDBPyConnection, view: View, made: str, call: str) -> dict[str, str]:
    import duckdb

    name = render.identifier(VERSIONS_SCHEMA, view.versioned_name)
    try:
        con.execute(made)
        described = con.execute(f"DESCRIBE FROM {name}{call}").fetchall()
    except duckdb.Error as error:
        msg = f"view {view.versioned_name} does not bind: {str(error).splitlines()[0]}"
        raise FileError(msg, "Read columns that its tables and views have") from error
    return {str(row[0]): str(row[1]) for row in described}


@cache
def promised() -> Contract:
    """Read the contract of the published views."""
    text = (files("roentgene.queries") / "columns.lock").read_text(encoding="utf-8")
    content: Contract = json.loads(text)
    return content
