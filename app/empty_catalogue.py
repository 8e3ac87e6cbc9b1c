"""A lake in memory with every table and no row, for what asks about columns alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from roentgene.queries import render
from roentgene.queries.migration import migrations
from roentgene.queries.query_file import query_text
from roentgene.queries.registry import VERSIONS_SCHEMA, View
from roentgene.warehouse.connection import connect
from roentgene.warehouse.layout import Layout


@contextmanager
def empty_catalogue() -> Iterator[duckdb.DuckDBPyConnection]:
    """Connect to a lake in memory that every migration was applied to."""
    with TemporaryDirectory() as folder, connect(Layout(Path(folder))) as con:
        con.execute(query_text("app/attach_empty_lake"))
        con.execute("USE lake")
        # each statement on its own would be a snapshot, and all of them take half a minute
        con.begin()
        for migration in migrations():
            for statement in migration.statements:
                # there is nothing to fill a new table from, and DuckLake would make its folder
                if not statement.startswith("INSERT"):
                    con.execute(statement)
        con.commit()
        yield con


def bound_columns(con: duckdb.DuckDBPyConnection, view: View) -> list[tuple[str, str]]:
    """Bind a view after those that it reads.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        The empty catalogue.
    view : View
        The view.

    Returns
    -------
    list of tuple of str
        Name and type of each column.

    Raises
    ------
    duckdb.Error
        If it does not bind.
    """
    con.execute(render.create_view(VERSIONS_SCHEMA, view.versioned_name, view.select))
    # the lake takes a view that does not bind, and describes only one that does
    con.execute(f"DESCRIBE {render.identifier(VERSIONS_SCHEMA, view.versioned_name)}")
    return [(str(row[0]), str(row[1])) for row in con.fetchall()]
