"""The analyst's file: what the lake holds now, in one native DuckDB file that any client opens."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from roentgene.queries import render
from roentgene.queries.coded_copy import coded_view, copy_coded, drop_coded, is_coded
from roentgene.queries.query_file import query_text
from roentgene.schemas.errors import WarehouseError
from roentgene.schemas.tables import tables
from roentgene.warehouse.published_state import TableState, full_state, read_state, write_state

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
        wanted = _wanted(states)
        kept = _kept(target, wanted, states)
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


def _wanted(states: Mapping[str, TableState] | None) -> dict[str, str]:
    if states is None:
        return {}
    return {name: full_state(table, states.get(name)) for name, table in tables().items()}


def _kept(
    target: Path, wanted: Mapping[str, str], states: Mapping[str, TableState] | None
) -> frozenset[str]:
    """Tables that are taken from the former file; none where most of it is to be written anew."""
    former = read_state(target) if states is not None else {}
    kept = frozenset(name for name, state in wanted.items() if former.get(name) == state)
    rows = {name: held.n_rows for name, held in (states or {}).items()}
    # what is dropped leaves room behind that only later tables fill: the file could double
    n_kept = sum(n_rows for name, n_rows in rows.items() if name in kept)
    return kept if 2 * n_kept >= sum(rows.values()) else frozenset()


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
        outer.execute(render.attach_native(file, _COPY))
        try:
            # closed before the file is detached, which also rolls back what was not committed
            with con.cursor() as inner:
                inner.execute(_NO_ESTIMATES)
                inner.execute(f"USE {render.identifier(_COPY)}")
                inner.execute("BEGIN TRANSACTION")  # one snapshot of the lake for all tables
                if kept:
                    _drop_changed(inner, kept)
                for statement in _statements(lake, views, filled, kept):
                    inner.execute(statement)
                inner.execute("COMMIT")
        finally:
            outer.execute("RESET disabled_optimizers")
            outer.execute(f"DETACH {render.identifier(_COPY)}")


def _drop_changed(con: duckdb.DuckDBPyConnection, kept: Collection[str]) -> None:
    """Drop every view, and every table that is not kept, from the copy of the former file."""
    named = con.execute(query_text("warehouse/views_of"), {"database": _COPY}).fetchall()
    for schema, name in named:
        con.execute(render.drop_relation("VIEW", schema, name))
    coded = {f"{schema}.{name}" for schema, name in named}
    for table in tables().values():
        if table.full_name in kept:
            continue
        if table.full_name not in coded:
            con.execute(render.drop_relation("TABLE", table.schema, table.name))
        for statement in drop_coded(table) if table.full_name in coded else ():
            con.execute(statement)


def _statements(
    lake: str, views: Sequence[View], filled: Collection[str], kept: Collection[str] = ()
) -> Iterator[str]:
    schemas = [table.schema for table in tables().values()] + [view.schema for view in views]
    for schema in dict.fromkeys(schemas):
        yield render.create_schema(schema)
    for table in tables().values():
        if is_coded(table) and table.full_name in filled:
            yield from (
                [coded_view(table)] if table.full_name in kept else copy_coded(lake, _COPY, table)
            )
            yield from render.comments(table, kind="VIEW")
            continue
        if table.full_name in kept:
            continue
        yield render.create_table(table)
        if table.full_name in filled:
            yield render.copy_table(lake, _COPY, table)
        yield from render.comments(table)
    for view in views:
        if view.parameters:
            yield render.create_macro(view.schema, view.name, view.parameters, view.select)
            continue
        yield render.create_view(view.schema, view.name, view.select)
        if view.comment:
            yield render.comment_on_view(view.schema, view.name, view.comment)
