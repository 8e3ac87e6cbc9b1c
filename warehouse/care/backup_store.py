"""The folder that backups lie in: manifests beside one store of contents."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from roentgene.schemas.errors import FileError, WarehouseBusyError, WarehouseError
from roentgene.warehouse.care.backup_manifest import (
    BackupManifest,
    manifest_file,
    read_manifest,
)
from roentgene.warehouse.care.content_store import ContentStore

MARKER = "roentgene-backups.json"
_LIST_THEM = "'roentgene backup list DIR' names them"


@dataclass(frozen=True)
class BackupStore:
    """A folder of backups."""

    root: Path

    @property
    def manifests(self) -> Path:
        """Folder with a manifest a backup."""
        return self.root / "manifests"

    @property
    def contents(self) -> ContentStore:
        """What the files of all backups hold."""
        return ContentStore(self.root / "contents")

    def names(self) -> list[str]:
        """Names of the backups, the oldest first; each begins with its time."""
        return sorted(file.stem for file in self.manifests.glob("[!.]*.json"))

    def named(self, backup: str) -> str:
        """Give the name of a backup back.

        Raises
        ------
        FileError
            If there is none of that name.
        """
        if backup not in self.names():
            msg = f"there is no backup {backup!r} in {self.root}"
            raise FileError(msg, _LIST_THEM)
        return backup

    def read(self, backup: str) -> BackupManifest:
        """Read the manifest of a backup.

        Raises
        ------
        FileError
            If there is none of that name.
        WarehouseError
            If it cannot be used.
        """
        return read_manifest(manifest_file(self.manifests, self.named(backup)))

    def latest(self) -> BackupManifest:
        """Read the last backup.

        Raises
        ------
        FileError
            If there is none, or backups of several studies lie there.
        """
        names = self.names()
        if not names:
            msg = f"{self.root} holds no backup that was finished"
            raise FileError(msg, "'roentgene backup DIR' makes one")
        studies = {self.read(name).study for name in names}
        if len(studies) > 1:
            msg = f"{self.root} holds backups of {', '.join(sorted(studies))}"
            raise FileError(msg, f"Name one of them; {_LIST_THEM}")
        return self.read(names[-1])


def find_store(folder: Path) -> BackupStore:
    """Find the backups in a folder.

    Raises
    ------
    FileError
        If it is no folder of backups, as when its disk is not mounted.
    """
    if not (folder / MARKER).is_file():
        msg = f"{folder} holds no backups: it lacks {MARKER}"
        raise FileError(msg, "Is its disk mounted? 'roentgene backup DIR' begins a new folder")
    return BackupStore(folder.resolve())


def make_store(folder: Path) -> tuple[BackupStore, bool]:
    """Find the backups in a folder, or make an empty one a place for them.

    Returns
    -------
    tuple of BackupStore and bool
        Where they lie, and whether that is new.

    Raises
    ------
    FileError
        If the folder holds something else, or the one above is not there.
    """
    if (folder / MARKER).is_file():
        return find_store(folder), False
    if not folder.parent.is_dir():
        msg = f"{folder.parent} is not there"
        raise FileError(msg, "Is its disk mounted? Make the folder if it is meant")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        msg = f"{folder} holds something else than backups"
        raise FileError(msg, "Name an empty folder, or one that does not exist yet")
    # what lies in it is of patients
    folder.mkdir(mode=0o700, exist_ok=True)
    (folder / MARKER).write_text(json.dumps({"format": 1}) + "\n", encoding="utf-8")
    return BackupStore(folder.resolve()), True


@contextmanager
def store_lock(store: BackupStore) -> Iterator[None]:
    """Keep others from adding to a folder of backups, or taking from it.

    Raises
    ------
    WarehouseBusyError
        If somebody does.
    WarehouseError
        If the lock cannot be taken there.
    """
    descriptor = os.open(store.root / "backups.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            msg = f"another process works on the backups in {store.root}"
            raise WarehouseBusyError(msg, "Wait until it has finished and try again") from None
        except OSError as error:
            msg = f"{store.root} cannot be locked: {error.strerror}"
            raise WarehouseError(msg, "Keep backups on a disk that knows locks") from error
        yield
    finally:
        os.close(descriptor)  # also frees the lock
