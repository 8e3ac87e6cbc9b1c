"""Whether the views that come with roentgene are whole: locked, and binding."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from roentgene.app.empty_catalogue import bound_columns, empty_catalogue
from roentgene.queries import render
from roentgene.queries.contract import promised
from roentgene.queries.macros import locked_macros, macro_lock, macros
from roentgene.queries.registry import VERSIONS_SCHEMA, Lock, locked, registry
from roentgene.warehouse.opening import open_warehouse


@dataclass(frozen=True)
class ViewFault:
    """What is wrong with a version of a view."""

    view: str
    fault: str


def check_views() -> list[ViewFault]:
    """Compare every view with the lock, and bind it against an empty migrated catalogue.

    Returns
    -------
    list of ViewFault
        Empty where all is well.

    Raises
    ------
    FileError
        If a view cannot be read, lacks its header, or reads what it may not.
    """
    return [*_against_lock(), *_against_catalogue()]


def _against_lock() -> Iterator[ViewFault]:
    wanted = {**locked(), **_of_macros(locked_macros())}
    found = {**registry().lock(), **_of_macros(macro_lock(macros(), registry()))}
    for name in sorted({*wanted, *found}):
        if name not in found:
            yield ViewFault(name, "is in views.lock, but its file is gone")
        elif name not in wanted:
            yield ViewFault(name, "is not in views.lock")
        elif wanted[name] != found[name]:
            yield ViewFault(name, "is not what views.lock holds: it, or a view it reads, changed")


def _of_macros(lock: Lock) -> Lock:
    return {f"macros/{name}": entry for name, entry in lock.items()}


def _against_catalogue() -> Iterator[ViewFault]:
    with empty_catalogue() as con:
        for view in registry().views:
            try:
                columns = bound_columns(con, view)
            except duckdb.Error as error:
                yield ViewFault(view.locked_name, f"does not bind: {str(error).splitlines()[0]}")
                continue
            wanted = promised().get(view.locked_name)
            if wanted is not None and list(wanted.items()) != columns:
                yield ViewFault(view.locked_name, f"has other columns: {_changed(wanted, columns)}")


def _changed(wanted: Mapping[str, str], found: Sequence[tuple[str, str]]) -> str:
    now = dict(found)
    names = [name for name in {**wanted, **now} if wanted.get(name) != now.get(name)]
    return ", ".join(names) or "another order"


def check_deployed(folder: Path) -> list[ViewFault]:
    """Bind every view that a warehouse should have deployed.

    Parameters
    ----------
    folder : Path
        The warehouse.
    """
    with open_warehouse(folder) as warehouse:
        names = [f"{VERSIONS_SCHEMA}.{view.versioned_name}" for view in registry().views]
        names += [view.full_name for view in registry().pinned(warehouse.study.view_versions)]
        return list(_unbound(warehouse.connection, names))


def _unbound(con: duckdb.DuckDBPyConnection, names: list[str]) -> Iterator[ViewFault]:
    for name in names:
        try:
            con.execute(f"DESCRIBE {render.identifier(*name.split('.'))}")
        except duckdb.Error as error:
            yield ViewFault(name, f"does not bind in the warehouse: {str(error).splitlines()[0]}")
