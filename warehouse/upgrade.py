"""Bringing a warehouse of an earlier version to the tables of this one.

Nobody's tables change unasked: a writer refuses an older warehouse, and readers go on reading it
as it is. An upgrade keeps a copy of the catalogue first, which is all it changes. The form of
DuckLake's own tables is changed in a second copy that then takes the catalogue's place in one
step; ours, the settings and the views change in one transaction. Whoever is killed on the way
leaves the old or the new state, and the same command finishes it.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from roentgene.queries.query_file import query_text
from roentgene.schemas.errors import WarehouseError
from roentgene.schemas.study import read_study
from roentgene.warehouse.analyst_file import renew
from roentgene.warehouse.care.embedded import refuse_database
from roentgene.warehouse.care.trip import way_by_folder
from roentgene.warehouse.connection import DUCKLAKE_VERSION, attach, connect, detach
from roentgene.warehouse.layout import Layout, find_warehouse
from roentgene.warehouse.migrate import pending_migrations, views_are_deployed
from roentgene.warehouse.opening import open_to_upgrade, open_warehouse


@dataclass(frozen=True)
class Upgrade:
    """What was upgraded, or would be.

    Parameters
    ----------
    ducklake_before, ducklake_after : str
        Form of DuckLake's own tables.
    migrations : tuple of str
        Migrations that were missing.
    views : bool
        Whether settings and views were others.
    backup : Path or None
        Where the catalogue stands as it was; None where nothing was done.
    dry_run : bool
        Whether nothing was done.
    """

    ducklake_before: str
    ducklake_after: str
    migrations: tuple[str, ...]
    views: bool
    backup: Path | None
    dry_run: bool

    @property
    def is_needed(self) -> bool:
        """Whether anything is older than this roentgene."""
        return bool(self.migrations or self.views) or self.ducklake_before != self.ducklake_after


def upgrade(folder: Path | None, *, dry_run: bool = False) -> Upgrade:
    """Upgrade a warehouse, or say what that would change.

    Parameters
    ----------
    folder : Path or None
        The warehouse.
    dry_run : bool
        Whether to tell only what would be done.

    Raises
    ------
    FileError
        If the catalogue lies in PostgreSQL.
    WarehouseError
        If the warehouse was written by a newer roentgene or DuckLake, or cannot be used.
    WarehouseBusyError
        If another process writes.
    """
    layout = find_warehouse(folder)
    way = way_by_folder(read_study(layout.root).storage, "roentgene upgrade")
    refuse_database(layout, "'roentgene upgrade'", f"While nobody else writes: {way}")
    found = _outlook(layout)
    if dry_run or not found.is_needed:
        return found
    backup = layout.catalogue_before_upgrade
    with open_to_upgrade(layout, lambda: _make_ready(layout, backup)) as warehouse:
        renew(warehouse)
    return replace(found, backup=backup, dry_run=False)


def ducklake_version(catalogue: Path) -> str:
    """Form of DuckLake's own tables in a catalogue.

    Raises
    ------
    WarehouseError
        If it cannot be read.
    """
    try:
        # not read-only, for what a killed writer left can only be rolled back by writing
        with closing(sqlite3.connect(catalogue)) as con:
            (found,) = con.execute(query_text("warehouse/ducklake_version")).fetchone()
    except (sqlite3.Error, TypeError) as error:
        msg = f"{catalogue} is no catalogue of DuckLake: {error}"
        raise WarehouseError(msg, "Run 'roentgene doctor'") from error
    return str(found)


def _outlook(layout: Layout) -> Upgrade:
    before = ducklake_version(layout.catalogue)
    if before == DUCKLAKE_VERSION:
        return _compared(layout.root, before)
    # what lies behind is only seen in the new form: in a warehouse that borrows the data
    with tempfile.TemporaryDirectory() as scratch:
        other = Layout(Path(scratch))
        _copy(layout.catalogue, other.catalogue)
        shutil.copyfile(layout.study, other.study)
        other.data.symlink_to(layout.data)
        other.staging.mkdir()
        _migrate_ducklake(other, before)
        return _compared(other.root, before)


def _compared(folder: Path, ducklake_before: str) -> Upgrade:
    with open_warehouse(folder) as warehouse:
        names = tuple(migration.name for migration in pending_migrations(warehouse))
        views = not views_are_deployed(warehouse)
    return Upgrade(ducklake_before, DUCKLAKE_VERSION, names, views, None, True)


def _make_ready(layout: Layout, backup: Path) -> None:
    """Keep the catalogue as it is; bring DuckLake's own tables to their new form."""
    backup.parent.mkdir(parents=True, exist_ok=True)
    _copy(layout.catalogue, backup)
    before = ducklake_version(layout.catalogue)
    if before == DUCKLAKE_VERSION:
        return
    with tempfile.TemporaryDirectory(dir=backup.parent) as scratch:
        other = Layout(Path(scratch))
        other.staging.mkdir()
        other.data.symlink_to(layout.data)
        _copy(layout.catalogue, other.catalogue)
        _migrate_ducklake(other, before)
        _sync(other.catalogue)
        other.catalogue.replace(layout.catalogue)


def _migrate_ducklake(layout: Layout, before: str) -> None:
    try:
        with connect(layout) as con:
            attach(con, layout, read_only=False, migrate=True)
            detach(con)
    except WarehouseError as error:
        msg = f"DuckLake {before} cannot be brought to {DUCKLAKE_VERSION}: {error.message}"
        cure = "If it is newer, upgrade roentgene; the warehouse is as it was"
        raise WarehouseError(msg, cure) from error


def _copy(catalogue: Path, target: Path) -> None:
    """Copy a catalogue as SQLite sees it, to the disk, and then by its name."""
    part = target.with_name(f".{target.name}.part")
    part.unlink(missing_ok=True)
    with closing(sqlite3.connect(catalogue)) as source, closing(sqlite3.connect(part)) as copy:
        source.backup(copy)
    _sync(part)
    part.replace(target)


def _sync(file: Path) -> None:
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
