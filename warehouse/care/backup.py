"""A backup: what a warehouse is at one moment, in a folder of backups that share contents.

The catalogue and all that may change are taken under the writer's lock. Files of data never change
once they are written, so they are copied after it was let go, and writers need not wait for them.
"""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from roentgene.schemas.errors import DataDamagedError, FileError, WarehouseError
from roentgene.schemas.study import STUDY_FILE, read_study
from roentgene.warehouse.care.backup_manifest import (
    CATALOGUE,
    BackupFile,
    BackupManifest,
    write_manifest,
)
from roentgene.warehouse.care.backup_store import BackupStore, make_store, store_lock
from roentgene.warehouse.care.catalogue import ListedFile, copy_catalogue, listed_files
from roentgene.warehouse.care.content_store import content_of
from roentgene.warehouse.care.embedded import refuse_servers
from roentgene.warehouse.care.ledger import Ledger
from roentgene.warehouse.layout import Layout
from roentgene.warehouse.lock import writer_lock

OnFile = Callable[[str, int, int], None]

_UNFINISHED = ".unfinished-"
_RESTORE = (
    "Restore it from an earlier backup: roentgene restore BACKUPS; 'roentgene doctor --deep' looks"
    " at every file"
)


@dataclass(frozen=True)
class BackupReport:
    """A backup that was made.

    Parameters
    ----------
    backup : str
        Its name.
    folder : Path
        Where backups lie.
    snapshot_id : int
        Last snapshot that it holds.
    n_files, n_bytes : int
        What it brings back.
    n_new, n_new_bytes : int
        What had to be written, for no earlier backup held it.
    is_first : bool
        Whether the folder held no backup before.
    """

    backup: str
    folder: Path
    snapshot_id: int
    n_files: int
    n_bytes: int
    n_new: int
    n_new_bytes: int
    is_first: bool


def _silent(path: str, number: int, n_files: int) -> None:
    pass


def back_up(layout: Layout, folder: Path, on_file: OnFile = _silent) -> BackupReport:
    """Make a backup of a warehouse.

    What killed writers left behind, batches under way and the analyst's file, which is made anew
    from the data, are not in it.

    Parameters
    ----------
    layout : Layout
        The warehouse.
    folder : Path
        Folder of backups; an empty one becomes one.
    on_file : callable
        Told the path of each file before it is taken, its number and how many there are.

    Returns
    -------
    BackupReport
        Once every file was read again and the manifest written.

    Raises
    ------
    FileError
        If the folder holds something else, or lies in the warehouse.
    DataDamagedError
        If a file of data is not what was written; the earlier backups stay.
    WarehouseError
        If the warehouse cannot be read or the folder not be written.
    """
    refuse_servers(layout, "'roentgene backup'", "Use pg_dump as docs/growing.md says")
    _refuse_inside(layout, folder)
    store, is_first = make_store(folder)
    with store_lock(store):
        taking = _Taking(layout, store, on_file)
        with writer_lock(layout.writer_lock):
            snapshot_id, listed = taking.catalogue_and_others()
        taking.data(listed)
        study = read_study(layout.root)
        now = taking.begun_at
        manifest = BackupManifest(
            backup=f"{now:%Y%m%dT%H%M%S.%fZ}-{secrets.token_hex(2)}",
            made_at=now,
            roentgene=version("roentgene"),
            study=study.name,
            snapshot_id=snapshot_id,
            files=tuple(sorted(taking.files, key=lambda file: file.path)),
        )
        write_manifest(store.manifests, manifest)
    return BackupReport(
        manifest.backup,
        store.root,
        snapshot_id,
        len(manifest.files),
        manifest.n_bytes,
        len(taking.new),
        sum(file.bytes for file in taking.new),
        is_first,
    )


def _refuse_inside(layout: Layout, folder: Path) -> None:
    place = folder.resolve()
    if place.is_relative_to(layout.root) or layout.root.is_relative_to(place):
        msg = f"{folder} and the warehouse {layout.root} lie in one another"
        raise FileError(msg, "Keep backups elsewhere, best on another disk")


class _Taking:
    """Files of one backup, as they are taken up."""

    def __init__(self, layout: Layout, store: BackupStore, on_file: OnFile) -> None:
        self._layout = layout
        self._store = store
        self._on_file = on_file
        self._ledger = Ledger(layout)
        self._n_files = 0
        self.begun_at = datetime.now(UTC)
        self.files: list[BackupFile] = []
        self.new: list[BackupFile] = []

    def catalogue_and_others(self) -> tuple[int, list[ListedFile]]:
        """Take all that may change; give the last snapshot, and the files of data it needs."""
        for left in self._store.root.glob(f"{_UNFINISHED}*"):
            shutil.rmtree(left)  # a killed process left it
        with tempfile.TemporaryDirectory(dir=self._store.root, prefix=_UNFINISHED) as folder:
            copy = Path(folder) / CATALOGUE
            snapshot_id = copy_catalogue(self._layout.catalogue, copy)
            listed, others = listed_files(copy), list(_what_may_change(self._layout))
            self._n_files = 1 + len(others) + len(listed)
            self._take(CATALOGUE, copy)
        for path in others:
            self._take(path, self._layout.root / path)
        return snapshot_id, listed

    def data(self, listed: list[ListedFile]) -> None:
        """Take the files of data that the copy of the catalogue lists."""
        for one in listed:
            file = self._layout.data / one.path
            taken = self._take(f"data/{one.path}", file)
            if taken.bytes != one.n_bytes:
                size = f"{taken.bytes:,} bytes instead of {one.n_bytes:,}"
                msg = f"{file} holds {size}; no backup was made"
                raise DataDamagedError(msg, _RESTORE)
            if self._ledger.contradicts(one.path, taken.content):
                msg = f"{file} is not what was written, by its hash; no backup was made"
                raise DataDamagedError(msg, _RESTORE)
        self._ledger.write()

    def _take(self, path: str, file: Path) -> BackupFile:
        self._on_file(path, len(self.files) + 1, self._n_files)
        try:
            content = content_of(file)
        except FileNotFoundError as error:
            raise _gone(file) from error
        taken = BackupFile(path=path, sha256=content.sha256, bytes=content.n_bytes)
        self.files.append(taken)
        if self._store.contents.put(file, content):
            self.new.append(taken)
        return taken


def _gone(file: Path) -> WarehouseError:
    msg = f"{file} is missing; no backup was made"
    cure = "If 'optimize' or 'erase' ran meanwhile, run it again; else restore an earlier backup"
    return DataDamagedError(msg, cure)


def _what_may_change(layout: Layout) -> Iterator[str]:
    """Places of the files beside catalogue and data; unfinished ones begin with a dot."""
    yield STUDY_FILE
    for folder in (layout.releases, layout.root / "quarantine", layout.reports):
        for file in sorted(folder.rglob("*")):
            place = file.relative_to(layout.root)
            hidden = any(part.startswith(".") for part in place.parts)
            if file.is_file() and not file.is_symlink() and not hidden:
                yield place.as_posix()
