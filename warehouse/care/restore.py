"""A warehouse brought back from a backup: made beside its place, proven whole, then put there."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from glob import escape
from pathlib import Path

from roentgene.schemas.errors import (
    DataDamagedError,
    DiskFullError,
    FileError,
    RoentgeneError,
    WarehouseError,
)
from roentgene.warehouse.analyst_file import renew_file
from roentgene.warehouse.care.backup_manifest import CATALOGUE, BackupFile, BackupManifest
from roentgene.warehouse.care.backup_store import BackupStore
from roentgene.warehouse.care.catalogue import check_catalogue, listed_files
from roentgene.warehouse.care.content_store import copy_content, sync_folder
from roentgene.warehouse.care.exchange import put_in_place
from roentgene.warehouse.care.ledger import ledger_file
from roentgene.warehouse.events import record_alone
from roentgene.warehouse.layout import Layout
from roentgene.warehouse.lock import writer_lock
from roentgene.warehouse.opening import open_warehouse

OnFile = Callable[[str, int, int], None]


@dataclass(frozen=True)
class RestoreReport:
    """A warehouse that was brought back.

    Parameters
    ----------
    folder : Path
        Where it is.
    backup : str
        The backup it came from.
    made_at : datetime
        When that was made.
    snapshot_id : int
        Its last snapshot.
    n_files, n_bytes : int
        What was written.
    aside : Path or None
        Where the folder is now that was there before.
    warning : str
        What is left to be done; empty where nothing is.
    """

    folder: Path
    backup: str
    made_at: datetime
    snapshot_id: int
    n_files: int
    n_bytes: int
    aside: Path | None
    warning: str


def _silent(path: str, number: int, n_files: int) -> None:
    pass


def restore(
    store: BackupStore,
    manifest: BackupManifest,
    target: Path,
    *,
    replace: bool = False,
    on_file: OnFile = _silent,
) -> RestoreReport:
    """Bring a warehouse back.

    Every file is hashed as it is written, and its copy again; the catalogue is checked, and the
    analyst's file made. Only then does the folder get its name.

    Parameters
    ----------
    store : BackupStore
        Where backups lie.
    manifest : BackupManifest
        The backup.
    target : Path
        Folder of the warehouse.
    replace : bool
        Whether what is there may be put aside. It is kept, under another name.
    on_file : callable
        Told the path of each file before it is written, its number and how many there are.

    Raises
    ------
    FileError
        If something is there and may not be replaced.
    DataDamagedError
        If the backup itself is damaged; nothing was changed.
    DiskFullError
        If there is no room; nothing was changed.
    WarehouseBusyError
        If somebody writes to the warehouse that is there.
    """
    target = target.absolute()
    _refuse(target, replace=replace)
    _refuse_without_room(target.parent, manifest)
    with _beside(target) as folder:
        _fill(folder, store, manifest, on_file)
        _prove(folder)
        warning = _publish(folder, manifest)
        _sync(folder)
        aside = _put(folder, target)
    return RestoreReport(
        target,
        manifest.backup,
        manifest.made_at,
        manifest.snapshot_id,
        len(manifest.files),
        manifest.n_bytes,
        aside,
        warning,
    )


def _refuse(target: Path, *, replace: bool) -> None:
    if not target.parent.is_dir():
        msg = f"{target.parent} is not there"
        raise FileError(msg, "Is its disk mounted? Make the folder if it is meant")
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        msg = f"{target} is no folder"
        raise FileError(msg, "Name the folder itself")
    if target.exists() and any(target.iterdir()) and not replace:
        msg = f"{target} is not empty, and nothing is written over"
        cure = "Name another folder with --to, or say --replace: what is there is put aside"
        raise FileError(msg, cure)


def _refuse_without_room(parent: Path, manifest: BackupManifest) -> None:
    free = shutil.disk_usage(parent).free
    if free < manifest.n_bytes:
        msg = f"{manifest.n_bytes:,} bytes are to be written, but {parent} has {free:,} left"
        raise DiskFullError(msg, "Make room, or name a folder on another disk with --to")


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """Give an empty folder beside a place; it is gone at the end unless it has got its name."""
    _clear_unfinished(target)
    folder = target.with_name(f"{_unfinished(target)}{secrets.token_hex(4)}")
    folder.mkdir()
    try:
        with _claimed(folder):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unfinished(target: Path) -> str:
    return f".{target.name}.restoring-"


@contextmanager
def _claimed(folder: Path) -> Iterator[None]:
    """Say that a folder is being filled, until this process has gone."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def _clear_unfinished(target: Path) -> None:
    """Remove what killed restores left."""
    for folder in target.parent.glob(f"{escape(_unfinished(target))}*"):
        with suppress(BlockingIOError), _claimed(folder):
            shutil.rmtree(folder)


def _fill(folder: Path, store: BackupStore, manifest: BackupManifest, on_file: OnFile) -> None:
    layout = Layout(folder)
    for path in (layout.data, layout.staging, layout.reports):
        path.mkdir()
    for number, file in enumerate(manifest.files, 1):
        on_file(file.path, number, len(manifest.files))
        place = folder / file.path
        place.parent.mkdir(parents=True, exist_ok=True)
        _write(store, file, place)
    hashes = [(file.sha256, file.path) for file in manifest.files]
    lines = [f"{sha256}  {path[5:]}\n" for sha256, path in hashes if path.startswith("data/")]
    ledger_file(layout).write_text("".join(lines), encoding="utf-8")


def _write(store: BackupStore, file: BackupFile, place: Path) -> None:
    try:
        copy_content(store.contents.place(file.content), place, file.content)
    except DiskFullError:
        raise
    except WarehouseError as error:
        msg = f"the backup of {file.path} is damaged: {error.message}"
        cure = "Restore another backup: 'roentgene backup verify DIR' says which are whole"
        raise DataDamagedError(msg, cure) from error


def _prove(folder: Path) -> None:
    """See that the catalogue is whole and lists nothing that is not there."""
    layout = Layout(folder)
    check_catalogue(layout.catalogue)
    for file in listed_files(layout.catalogue):
        place = layout.data / file.path
        if not place.is_file() or place.stat().st_size != file.n_bytes:
            msg = f"the backup lacks data/{file.path}, which its {CATALOGUE} lists"
            raise DataDamagedError(msg, "Restore another backup")


def _publish(folder: Path, manifest: BackupManifest) -> str:
    """Note the restore and make the analyst's file; without them the warehouse is whole too."""
    try:
        with open_warehouse(folder, read_only=False) as warehouse:
            record_alone(warehouse, "restore", manifest.backup)
            renew_file(warehouse)
    except DiskFullError:
        raise
    except RoentgeneError as error:
        return f"the analyst's file was not made: {error}"
    return ""


def _sync(folder: Path) -> None:
    """Bring names to the disk; what the files hold is there."""
    for place, _, _ in os.walk(folder):
        sync_folder(Path(place))


def _put(folder: Path, target: Path) -> Path | None:
    """Give the folder its name; give back where what stood there is now."""
    aside = target.with_name(f"{target.name}.before-restore-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    with ExitStack() as stack:
        if Layout(target).catalogue.is_file():
            stack.enter_context(writer_lock(Layout(target).writer_lock))
        try:
            if target.is_dir():
                folder.chmod(stat.S_IMODE(target.stat().st_mode))
            if target.is_dir() and not any(target.iterdir()):
                target.rmdir()
            stood_there = put_in_place(folder, target, aside)
            sync_folder(target.parent)
        except OSError as error:
            msg = f"{target} could not be replaced: {error.strerror}"
            raise WarehouseError(msg, "Restore it to another folder with --to") from error
    return aside if stood_there else None
