"""Whether a warehouse is whole: catalogue, migrations, data files, analyst's file, rights."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import duckdb

from roentgene.app.finding import Finding
from roentgene.app.reading import read_rows
from roentgene.queries.migration import migrations
from roentgene.queries.query_file import query_text
from roentgene.schemas.errors import FileError, RoentgeneError, WarehouseError
from roentgene.schemas.tables import tables
from roentgene.warehouse import object_store
from roentgene.warehouse.analyst_file import is_current
from roentgene.warehouse.care.under_way import read_under_way
from roentgene.warehouse.care.withdrawal import read_withdrawals
from roentgene.warehouse.layout import Layout
from roentgene.warehouse.opening import open_warehouse
from roentgene.warehouse.server import server, server_version
from roentgene.warehouse.store import Warehouse

_SHOWN = 3
_RESTORE = "Restore it from a backup; snapshots that need it cannot be read"


def check_warehouse(layout: Layout) -> Iterator[Finding]:
    """Look at a warehouse; nothing is written, but for a commit that was cut off.

    A writer that was killed inside its commit leaves a journal, which keeps readers out. Opening
    for writing rolls it back.
    """
    opened = False
    try:
        with open_warehouse(layout.root) as warehouse:
            opened = True
            yield Finding("catalogue", "ok", f"opens at snapshot {warehouse.snapshot_id}")
            yield from _places(warehouse)
            yield from _inside(warehouse)
    except RoentgeneError as error:
        if opened or not layout.hot_journal.exists():
            yield Finding("catalogue", "bad", error.message, error.cure)
            return
        yield from _recovered(layout)
    yield _erasure(layout)
    yield _rights(layout.root)


def _recovered(layout: Layout) -> Iterator[Finding]:
    try:
        open_warehouse(layout.root, read_only=False).close()
        warehouse = open_warehouse(layout.root)
    except RoentgeneError as error:
        yield Finding("catalogue", "bad", error.message, error.cure)
        return
    with warehouse:
        detail = (
            "a writer was stopped inside its commit; it was rolled back just now, and the "
            f"catalogue opens at snapshot {warehouse.snapshot_id}"
        )
        yield Finding("catalogue", "warning", detail, "Run again what was stopped")
        yield from _inside(warehouse)


def _places(warehouse: Warehouse) -> Iterator[Finding]:
    """Servers that hold the catalogue or the data."""
    storage = warehouse.study.storage
    if storage.catalog is not None:
        with server(warehouse.connection, storage) as session:
            detail = f"{storage.catalog_name}, version {server_version(session)}"
        yield Finding("catalogue server", "ok", f"{detail}, schema {storage.catalog_schema}")
    if storage.data is not None:
        object_store.check(storage)
        level: Literal["ok", "warning"] = "ok" if storage.uses_tls else "warning"
        cure = "" if storage.uses_tls else "Use https:// unless nobody else is on the way"
        detail = "answers" if storage.uses_tls else "answers, in clear"
        yield Finding("object store", level, f"{storage.data_name} {detail}", cure)


def _inside(warehouse: Warehouse) -> Iterator[Finding]:
    yield _migrations(warehouse)
    yield from _data(warehouse)
    yield from _encryption(warehouse)
    yield from _withdrawals(warehouse)
    yield _analyst_file(warehouse)


def _migrations(warehouse: Warehouse) -> Finding:
    applied = dict(warehouse.rows(query_text("warehouse/migrations")))
    known = {migration.name: migration.sha256 for migration in migrations()}
    other = sorted(name for name in applied if known.get(name) != applied[name])
    if other:
        detail = f"{other[0]} is not a migration of this roentgene"
        return Finding("migrations", "bad", detail, "Use the version that wrote the warehouse")
    pending = sorted(set(known) - set(applied))
    if pending:
        detail = f"{', '.join(pending)} not applied yet"
        return Finding("migrations", "warning", detail, "Run 'roentgene upgrade'")
    return Finding("migrations", "ok", f"all {len(applied)} applied")


def _data(warehouse: Warehouse) -> Iterator[Finding]:
    listed = read_rows(warehouse, "warehouse/data_files")
    found = _found_sizes(warehouse)
    wrong = [
        f"{row['path']} ({fault})"
        for row in listed
        if (fault := _fault_of(warehouse, found, row["path"], row["size_bytes"]))
    ]
    if wrong:
        yield Finding("data files", "bad", _several(wrong), _RESTORE)
    else:
        yield Finding("data files", "ok", f"all {len(listed):,} are there")
    unreadable = {name: fault for name in tables() if (fault := _unreadable(warehouse, name))}
    if unreadable:
        faults = [f"{name}: {fault}" for name, fault in unreadable.items()]
        yield Finding("tables", "bad", _several(faults), _RESTORE)
    else:
        yield Finding("tables", "ok", f"all {len(tables())} were read once")


def _found_sizes(warehouse: Warehouse) -> dict[str, int] | None:
    """Sizes of the files in an object store, in one listing; None where they lie in a folder."""
    storage = warehouse.study.storage
    return None if storage.data is None else object_store.sizes(storage)


def _fault_of(
    warehouse: Warehouse, stored: dict[str, int] | None, path: str, size_bytes: int
) -> str | None:
    if stored is not None:
        found = stored.get(path, -1)
        if found < 0:
            return "not there"
    else:
        try:
            found = (warehouse.layout.data / path).stat().st_size
        except OSError as error:
            return error.strerror
    return None if found == size_bytes else f"{found:,} bytes instead of {size_bytes:,}"


def _unreadable(warehouse: Warehouse, name: str) -> str | None:
    try:
        warehouse.arrow(query_text("app/read_table"), {"table_name": name})
    except WarehouseError as error:
        return error.message
    except duckdb.Error as error:
        return str(error).splitlines()[0]
    return None


def _encryption(warehouse: Warehouse) -> Iterator[Finding]:
    """Say of an encrypted warehouse what is not."""
    if not warehouse.is_encrypted:
        return
    if warehouse.study.storage.encrypted:
        detail = "files of data are encrypted; their keys stand in the catalogue"
        yield Finding("encryption", "ok", f"{detail}, and what is made from them is in clear")
    else:
        detail = "files of data are encrypted, and study.yaml does not say that they must be"
        cure = "Write 'encrypted: true' under storage in study.yaml"
        yield Finding("encryption", "warning", detail, cure)


def _withdrawals(warehouse: Warehouse) -> Iterator[Finding]:
    """Whether those who withdrew would be recognised, for otherwise nothing is taken in.

    Only a warning, for who merely reads needs no key.
    """
    try:
        withdrawals = read_withdrawals(warehouse)
    except FileError as error:
        yield Finding("withdrawals", "warning", error.message, error.cure)
        return
    if withdrawals.by_hash:
        detail = "the key is there by which those who withdrew are recognised"
        yield Finding("withdrawals", "ok", detail)


def _analyst_file(warehouse: Warehouse) -> Finding:
    check, file = "analyst's file", warehouse.layout.published
    if not warehouse.study.publish:
        return Finding(check, "ok", "study.yaml says that none is published")
    if not file.is_file():
        never = not next(warehouse.rows(query_text("warehouse/batch_count")))[0]
        if never:
            return Finding(check, "ok", "there is none before the first batch")
        return Finding(check, "warning", "there is none", "The next ingest publishes it")
    try:
        same = is_current(warehouse)
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        return Finding(check, "warning", f"cannot be read: {reason}", "The next ingest renews it")
    if not same:
        detail = "is not of the last commit"
        return Finding(check, "warning", detail, "The next ingest renews it")
    return Finding(check, "ok", "is of the last commit")


def _erasure(layout: Layout) -> Finding:
    """Whether somebody who withdrew may still stand in files, for the erasure has not ended."""
    try:
        erasure = read_under_way(layout)
    except WarehouseError as error:
        return Finding("erasure", "warning", error.message, error.cure)
    if erasure is None:
        return Finding("erasure", "ok", "none is under way")
    detail = (
        f"withdrawal {erasure.withdrawal_id}, begun at {erasure.begun_at}, has not ended: files may"
        " still hold the person"
    )
    return Finding("erasure", "warning", detail, "If nothing runs: roentgene erase --finish")


def _rights(root: Path) -> Finding:
    """Rights of others, which are the one guard that DuckDB's own settings do not replace."""
    open_to_others = [
        str(path.relative_to(root.parent))
        for path in (root, *sorted(root.rglob("*")))
        if not path.is_symlink() and path.stat().st_mode & stat.S_IWOTH
    ]
    if open_to_others:
        detail = f"anybody may write to {_several(open_to_others)}"
        return Finding("file rights", "warning", detail, f"chmod -R o-w {root}")
    return Finding("file rights", "ok", "nobody but owner and group may write")


def _several(things: Sequence[str]) -> str:
    shown = ", ".join(things[:_SHOWN])
    return shown if len(things) <= _SHOWN else f"{shown} and {len(things) - _SHOWN:,} more"
