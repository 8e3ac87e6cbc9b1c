"""The analyst's file: what the lake holds now, in one native DuckDB file that any client opens."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from roentgene.queries import render
from roentgene.queries.coded_copy import copy_coded
from roentgene.schemas.errors import WarehouseError
from roentgene.schemas.tables import tables

# no schema is called so, for then every name would be ambiguous
_COPY = "copy_under_way"
# both ask the catalogue for statistics column by column: 2 s of planning for a plain copy
_NO_ESTIMATES = "SET disabled_optimizers = 'join_order,statistics_propagation'"


@dataclass(frozen=True)
class View:
    """A view as it is to stand in the file."""

    schema: str
    name: str
    select: str
    comment: str = ""


def publish(
    con: duckdb.DuckDBPyConnection,
    lake: str,
    target: Path,
    views: Sequence[View],
    filled: Collection[str],
) -> None:
    """Copy all stored tables and the views of one snapshot into a native file.

    The file takes its place in one step; who has the former one open goes on reading that. It can
    only be opened for reading, for a writer would lock everybody else out. The caller holds the
    writer's lock.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        Connection with the lake attached; its transaction and its default are left alone.
    lake : str
        Alias of the lake.
    target : Path
        The analyst's file.
    views : sequence of View
        Views, each after those it reads.
    filled : collection of str
        Full names of the tables that may hold rows; most tables of most studies are empty.

    Raises
    ------
    WarehouseError
        If the file could not be made; the former one stays.
    """
    try:
        target.parent.mkdir(exist_ok=True)
        _remove_unfinished(target)
        try:
            unfinished = target.with_name(f"{_stem(target)}{secrets.token_hex(4)}.duckdb")
            _write(con, lake, unfinished, views, filled)
            unfinished.chmod(0o444)
            # DuckDB would replay what somebody wrote into the former file on the new one
            target.with_name(f"{target.name}.wal").unlink(missing_ok=True)
            unfinished.replace(target)
        finally:
            _remove_unfinished(target)
    except (duckdb.Error, OSError) as error:
        reason = str(error).splitlines()[0]
        msg = f"the analyst's file {target} was not renewed: {reason}"
        cure = "What was committed is safe, and the next ingest publishes it"
        raise WarehouseError(msg, cure) from error


def _stem(target: Path) -> str:
    return f".{target.stem}.unfinished."


def _remove_unfinished(target: Path) -> None:
    for left in target.parent.glob(f"{_stem(target)}*"):
        left.unlink()


def _write(
    con: duckdb.DuckDBPyConnection,
    lake: str,
    file: Path,
    views: Sequence[View],
    filled: Collection[str],
) -> None:
    with con.cursor() as outer:
        outer.execute(render.attach_native(file, _COPY))
        try:
            # closed before the file is detached, which also rolls back what was not committed
            with con.cursor() as inner:
                inner.execute(_NO_ESTIMATES)
                inner.execute(f"USE {render.identifier(_COPY)}")
                inner.execute("BEGIN TRANSACTION")  # one snapshot of the lake for all tables
                for statement in _statements(lake, views, filled):
                    inner.execute(statement)
                inner.execute("COMMIT")
        finally:
            outer.execute("RESET disabled_optimizers")
            outer.execute(f"DETACH {render.identifier(_COPY)}")


def _statements(lake: str, views: Sequence[View], filled: Collection[str]) -> Iterator[str]:
    schemas = [table.schema for table in tables().values()] + [view.schema for view in views]
    for schema in dict.fromkeys(schemas):
        yield render.create_schema(schema)
    for table in tables().values():
        if table.coded and table.full_name in filled:
            yield from copy_coded(lake, _COPY, table)
            yield from render.comments(table, kind="VIEW")
            continue
        yield render.create_table(table)
        if table.full_name in filled:
            yield render.copy_table(lake, _COPY, table)
        yield from render.comments(table)
    for view in views:
        yield render.create_view(view.schema, view.name, view.select)
        if view.comment:
            yield render.comment_on_view(view.schema, view.name, view.comment)
