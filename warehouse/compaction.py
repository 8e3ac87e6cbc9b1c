"""Compaction: many small commits become as quick to read as one, and nothing pinned is lost."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from roentgene.queries.query_file import query_text
from roentgene.schemas.errors import FileError
from roentgene.schemas.tables import Table, tables
from roentgene.warehouse.events import record_alone
from roentgene.warehouse.opening import open_warehouse
from roentgene.warehouse.releases.store import list_releases
from roentgene.warehouse.snapshots import Snapshot
from roentgene.warehouse.store import Warehouse
from roentgene.warehouse.transaction import current_author

OnTable = Callable[[str, int, int], None]

# A query that began before may still read a file that nobody needs from now on. A day is meant:
# DuckLake 1.5.5 compares its times as text in two notations, of which only the dates are alike.
_READERS_MAY_TAKE = timedelta(days=2)


@dataclass(frozen=True)
class TableFiles:
    """Files of a table in the last snapshot.

    Parameters
    ----------
    table : str
        Full name.
    n_files, n_deletes : int
        Files with rows, and files that say which of those rows are deleted.
    n_bytes : int
        Size of both.
    """

    table: str
    n_files: int
    n_deletes: int
    n_bytes: int


@dataclass(frozen=True)
class Optimization:
    """What was done, or would be.

    Parameters
    ----------
    before, after : tuple of TableFiles
        Tables that could be compacted, and the same afterwards.
    expired : tuple of Snapshot
        Snapshots that are gone: nobody can open the warehouse as of then.
    kept : tuple of int
        Snapshots that were old enough and stay, for a release or the caller pins them.
    n_removed : int
        Files that no snapshot needs and that were removed.
    dry_run : bool
        Whether nothing was done.
    """

    before: tuple[TableFiles, ...]
    after: tuple[TableFiles, ...]
    expired: tuple[Snapshot, ...]
    kept: tuple[int, ...]
    n_removed: int
    dry_run: bool


def optimize(
    folder: Path | None,
    *,
    expire_older_than: float | None = None,
    keep: Collection[int] = (),
    dry_run: bool = False,
    on_table: OnTable | None = None,
) -> Optimization:
    """Compact a warehouse.

    Deleted rows are taken out of their files, small files are merged in the order of their table,
    and files that no snapshot has needed for a day are removed. Snapshots stay as they are,
    unless they are to expire.

    Parameters
    ----------
    folder : Path or None
        The warehouse.
    expire_older_than : float, optional
        Age in days from which snapshots expire. Those of releases never do, nor the last one.
    keep : collection of int
        Snapshots that are kept too.
    dry_run : bool
        Whether to tell only what would be done.
    on_table : callable, optional
        Told the name of each table before it is compacted, its number and how many there are.

    Raises
    ------
    FileError
        If a snapshot that is to be kept does not exist.
    WarehouseBusyError
        If another process writes.
    """
    with open_warehouse(folder, read_only=dry_run) as warehouse:
        before = _worth_compacting(warehouse)
        expiring, kept = _expiring(warehouse, expire_older_than, keep)
        if dry_run:
            return Optimization(tuple(before), tuple(before), expiring, kept, 0, True)
        if before or expiring:
            # first, so that the file of its own row is merged too and the next time finds nothing
            _tell(warehouse, before, expiring)
            before = _worth_compacting(warehouse)
        for number, files in enumerate(before, 1):
            if on_table is not None:
                on_table(files.table, number, len(before))
            _compact(warehouse, tables()[files.table])
        # only now, for a release may have been made from what is about to go
        if expiring:
            _expire(warehouse, expiring)
        n_removed = _remove_unneeded(warehouse)
        names = {files.table for files in before}
        after = tuple(files for files in _files(warehouse) if files.table in names)
        return Optimization(tuple(before), after, expiring, kept, n_removed, False)


def _worth_compacting(warehouse: Warehouse) -> list[TableFiles]:
    return [files for files in _files(warehouse) if _worth_it(files)]


def _tell(warehouse: Warehouse, before: Sequence[TableFiles], expiring: Sequence[Snapshot]) -> None:
    n_files = sum(files.n_files + files.n_deletes for files in before)
    details = {"n_files": n_files, "expired": [snapshot.snapshot_id for snapshot in expiring]}
    n_tables = "1 table" if len(before) == 1 else f"{len(before)} tables"
    record_alone(warehouse, "optimize", n_tables, details)


def _files(warehouse: Warehouse) -> list[TableFiles]:
    return [TableFiles(*row) for row in warehouse.rows(query_text("warehouse/table_files"))]


def _worth_it(files: TableFiles) -> bool:
    declared = tables().get(files.table)
    if declared is None:
        return False
    # a partition is a file of its own at least
    return files.n_deletes > 0 or files.n_files > 1


def _compact(warehouse: Warehouse, table: Table) -> None:
    """Take deleted rows out first: files with deletes are not merged."""
    place = {"schema": table.schema, "table": table.name}
    for what, query in (
        ("rewrite", "warehouse/rewrite_files"),
        ("merge", "warehouse/merge_files"),
    ):
        message = f"optimize: {what} files of {table.full_name}"
        with warehouse.transaction(current_author(), message) as transaction:
            transaction.execute_query(query, place)


def _pinned(warehouse: Warehouse, keep: Collection[int]) -> set[int]:
    releases = {number for (number,) in warehouse.rows(query_text("warehouse/released_snapshots"))}
    on_disk = {manifest.snapshot_id for manifest in list_releases(warehouse.layout)}
    return {*releases, *on_disk, *keep}


def _expiring(
    warehouse: Warehouse, days: float | None, keep: Collection[int]
) -> tuple[tuple[Snapshot, ...], tuple[int, ...]]:
    known = warehouse.snapshots()
    unknown = sorted(set(keep) - {snapshot.snapshot_id for snapshot in known})
    if unknown:
        msg = f"snapshot {unknown[0]} does not exist or has expired already"
        raise FileError(msg, "'roentgene sql \"FROM lake.snapshots()\"' lists them")
    if days is None:
        return (), ()
    until = datetime.now(UTC) - timedelta(days=days)
    pinned = _pinned(warehouse, keep)
    # what is current now may be asked for as of any later time
    old = [snapshot for snapshot in known[:-1] if snapshot.committed_at < until]
    expiring = tuple(snapshot for snapshot in old if snapshot.snapshot_id not in pinned)
    return expiring, tuple(s.snapshot_id for s in old if s.snapshot_id in pinned)


def _expire(warehouse: Warehouse, expiring: Sequence[Snapshot]) -> None:
    numbers = [snapshot.snapshot_id for snapshot in expiring]
    # its own transaction: that of compaction is committed, whatever happens here
    list(warehouse.rows(query_text("warehouse/expire_snapshots"), {"versions": numbers}))


def _remove_unneeded(warehouse: Warehouse) -> int:
    """Remove files that no snapshot has needed for a while, and what killed processes left."""
    asked = {"older_than": datetime.now(UTC) - _READERS_MAY_TAKE}
    removed = list(warehouse.rows(query_text("warehouse/remove_old_files"), asked))
    removed += list(warehouse.rows(query_text("warehouse/remove_orphans"), asked))
    return len(removed)
