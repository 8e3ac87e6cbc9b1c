"""What a view would answer over rows that no warehouse holds yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import duckdb
import pyarrow as pa

from roentgene.queries import render
from roentgene.queries.registry import VERSIONS_SCHEMA, View, registry
from roentgene.schemas.tables import Table, table, tables

_STAGED = "staged"


def tables_below(view: View) -> tuple[str, ...]:
    """Full names of the stored tables that a view stands on, in the order of their declaration."""
    below = {name for reads in registry().lineage(view).values() for name in reads}
    return tuple(name for name in tables() if name in below)


def preview_view(view: View, rows: Mapping[str, pa.Table]) -> pa.Table:
    """Answer a view over given rows, by the same SQL as in a warehouse.

    Parameters
    ----------
    view : View
        A numbered view.
    rows : mapping of str to pyarrow.Table
        Rows by full name of the stored table; a column that they lack is NULL, a table that is
        not there is empty.

    Returns
    -------
    pyarrow.Table
        The columns of the view.
    """
    with duckdb.connect(config={"threads": 2}) as con:
        for name in tables_below(view):
            _fill(con, table(name), rows.get(name))
        con.execute(render.create_schema(VERSIONS_SCHEMA))
        # each view stands behind those that it reads
        needed = registry().lineage(view)
        for one in registry().views:
            if f"{VERSIONS_SCHEMA}.{one.versioned_name}" in needed:
                con.execute(render.create_view(VERSIONS_SCHEMA, one.versioned_name, one.select))
        select = render.select_view(VERSIONS_SCHEMA, view.versioned_name)
        return con.execute(select).to_arrow_table()


def _fill(con: duckdb.DuckDBPyConnection, declared: Table, rows: pa.Table | None) -> None:
    # what is only given at commit is not there yet
    open_columns = tuple(replace(column, required=False) for column in declared.columns)
    opened = replace(declared, columns=open_columns)
    con.execute(render.create_schema(opened.schema))
    con.execute(render.create_table(opened))
    if rows is None or not rows.num_rows:
        return
    columns = [
        rows[field.name].cast(field.type)
        if field.name in rows.column_names
        else pa.nulls(rows.num_rows, field.type)
        for field in opened.arrow_schema
    ]
    con.register(_STAGED, pa.table(columns, schema=opened.arrow_schema))
    con.execute(render.insert_rows(opened, _STAGED))
    con.unregister(_STAGED)
