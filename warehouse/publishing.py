"""The analyst's file: what the lake holds now, in one native DuckDB file that any client opens."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from roentgene.queries import render, render_database
from roentgene.queries.coded_copy import copy_coded, drop_coded, is_coded
from roentgene.queries.query_file import query_text
from roentgene.schemas.errors import WarehouseError
from roentgene.schemas.tables import Table, tables
from roentgene.warehouse.published_state import TableState, read_state, state_of_file, write_state

# no schema is called so, for then every name would be ambiguous
_COPY = "copy_under_way"
# both ask the catalogue for statistics column by column: 2 s of planning for a plain copy
_NO_ESTIMATES = "SET disabled_optimizers = 'join_order,statistics_propagation'"


@dataclass(frozen=True)
class View:
    """A view as it is to stand in the file, or, with parameters, a table macro."""

    schema: str
    name: str
    select: str
    comment: str = ""
    parameters: tuple[str, ...] = ()


def publish(
    con: duckdb.DuckDBPyConnection,
    lake: str,
    target: Path,
    views: Sequence[View],
    filled: Collection[str],
    states: Mapping[str, TableState] | None = None,
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
    states : mapping of str to TableState, optional
        What tells one state of each table from another. With it, tables that have not changed
        since the former file are taken from there; without, the file is written whole.

    Raises
    ------
    WarehouseError
        If the file could not be made; the former one stays.
    """
    try:
        target.parent.mkdir(exist_ok=True)
        _remove_unfinished(target)
        wanted = _wanted(views, states)
        kept = _kept(target, wanted)
        try:
            unfinished = target.with_name(f"{_stem(target)}{secrets.token_hex(4)}.duckdb")
            if kept:
                shutil.copyfile(target, unfinished)
            _write(con, lake, unfinished, views, filled, kept)
            unfinished.chmod(0o444)
            # DuckDB would replay what somebody wrote into the former file on the new one
            target.with_name(f"{target.name}.wal").unlink(missing_ok=True)
            unfinished.replace(target)
            if states is not None:
                write_state(target, wanted)
        finally:
            _remove_unfinished(target)
    except (duckdb.Error, OSError) as error:
        reason = str(error).splitlines()[0]
        msg = f"the analyst's file {target} was not renewed: {reason}"
        cure = "What was committed is safe, and the next ingest publishes it"
        raise WarehouseError(msg, cure) from error


def _wanted(
    views: Sequence[View], states: Mapping[str, TableState] | None
) -> dict[str, TableState]:
    if states is None:
        return {}
    return state_of_file(states, "\n".join(map(repr, views)))


def _kept(target: Path, wanted: Mapping[str, TableState]) -> frozenset[str]:
    """Tables that are taken from the former file; none where most of it would be dropped."""
    former = read_state(target)
    kept = frozenset(name for name, state in wanted.items() if former.get(name) == state)
    # what is dropped leaves room behind that only later tables fill: the file could double
    n_kept = sum(state.n_rows for name, state in former.items() if name in kept)
    n_dropped = sum(state.n_rows for name, state in former.items() if name not in kept)
    return kept if n_dropped <= n_kept else frozenset()


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
    kept: Collection[str],
) -> None:
    with con.cursor() as outer:
        outer.execute(render_database.attach_native(file, _COPY))
        try:
            # closed before the file is detached, which also rolls back what was not committed
            with con.cursor() as inner:
                inner.execute(_NO_ESTIMATES)
                inner.execute(f"USE {render.identifier(_COPY)}")
                inner.execute("BEGIN TRANSACTION")  # one snapshot of the lake for all tables
                for statement in _changes(inner, lake, views, filled, kept):
                    inner.execute(statement)
                inner.execute("COMMIT")
        finally:
            outer.execute("RESET disabled_optimizers")
            outer.execute(render_database.detach(_COPY))


def _changes(
    con: duckdb.DuckDBPyConnection,
    lake: str,
    views: Sequence[View],
    filled: Collection[str],
    kept: Collection[str],
) -> Iterator[str]:
    """Statements that make the file, or renew the tables of the former one that are not kept."""
    changed = [table for table in tables().values() if table.full_name not in kept]
    if kept:
        named = con.execute(query_text("warehouse/views_of"), {"database": _COPY}).fetchall()
        coded = {f"{schema}.{name}" for schema, name in named}
        for table in changed:
            yield from _drop(table, is_coded_there=table.full_name in coded)
    else:
        schemas = [table.schema for table in changed] + [view.schema for view in views]
        yield from map(render.create_schema, dict.fromkeys(schemas))
    for table in changed:
        yield from _copy(lake, table, is_filled=table.full_name in filled)
    # tables are kept only where the views are as they were
    for view in () if kept else views:
        yield from _define(view)


def _drop(table: Table, *, is_coded_there: bool) -> Iterator[str]:
    if not is_coded_there:
        yield render.drop_relation("TABLE", table.schema, table.name)
        return
    yield render.drop_relation("VIEW", table.schema, table.name)
    yield from drop_coded(table)


def _copy(lake: str, table: Table, *, is_filled: bool) -> Iterator[str]:
    if is_coded(table) and is_filled:
        yield from copy_coded(lake, _COPY, table)
        yield from render.comments(table, kind="VIEW")
        return
    yield render.create_table(table)
    if is_filled:
        yield render.copy_table(lake, _COPY, table)
    yield from render.comments(table)


def _define(view: View) -> Iterator[str]:
    if view.parameters:
        yield render.create_macro(view.schema, view.name, view.parameters, view.select)
        return
    yield render.create_view(view.schema, view.name, view.select)
    if view.comment:
        yield render.comment_on_view(view.schema, view.name, view.comment)
