"""The folders of releases: written whole or not at all, listed, found, and kept from changing."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path

from roentgene.schemas.errors import FileError, WarehouseError
from roentgene.warehouse.layout import Layout
from roentgene.warehouse.releases.manifest import (
    MANIFEST_FILE,
    Manifest,
    ReleaseFile,
    read_manifest,
)
from roentgene.warehouse.releases.names import ReleaseId, parse_release

_UNFINISHED = ".unfinished-"
_CHUNK = 1 << 20


def release_folder(layout: Layout, release: ReleaseId) -> Path:
    """Folder of a release."""
    return layout.releases / release.text


def list_releases(layout: Layout) -> list[Manifest]:
    """All releases, by name and then by version, the oldest first."""
    if not layout.releases.is_dir():
        return []
    folders = [
        folder
        for folder in layout.releases.iterdir()
        if not folder.name.startswith(".") and (folder / MANIFEST_FILE).is_file()
    ]
    return sorted((read_manifest(folder) for folder in folders), key=lambda m: m.id.order)


def versions_of(layout: Layout, name: str) -> list[Manifest]:
    """All versions of a name, the oldest first."""
    return [manifest for manifest in list_releases(layout) if manifest.name == name]


def find_release(layout: Layout, text: str) -> tuple[Path, Manifest]:
    """Find a release by ``name@version``; a name alone means its newest version.

    Raises
    ------
    FileError
        If there is none; the nearest name is told.
    """
    if "@" not in text:
        known = [m for m in versions_of(layout, text) if m.status == "current"]
        if known:
            return release_folder(layout, known[-1].id), known[-1]
        raise _unknown(layout, text)
    folder = release_folder(layout, parse_release(text))
    if not (folder / MANIFEST_FILE).is_file():
        raise _unknown(layout, text)
    return folder, read_manifest(folder)


def _unknown(layout: Layout, text: str) -> FileError:
    names = [manifest.release for manifest in list_releases(layout)]
    near = get_close_matches(text, names, n=1)
    cure = f"Did you mean {near[0]!r}?" if near else "'roentgene release list' names them"
    return FileError(f"there is no release {text!r}", cure)


@contextmanager
def unfinished_folder(layout: Layout) -> Iterator[Path]:
    """Give a folder beside the releases, to be filled and then put in its place.

    It is gone at the end, unless :func:`put_in_place` has moved it.
    """
    layout.releases.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=layout.releases))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def put_in_place(layout: Layout, folder: Path, release: ReleaseId) -> Path:
    """Make an unfinished folder the release, in one step of the file system.

    Raises
    ------
    FileError
        If the release is there already.
    """
    place = release_folder(layout, release)
    if place.exists():
        raise already_there(release)
    _sync(folder)
    # mkdtemp lets nobody else in; a release has the rights of the folder it lies in
    folder.chmod(layout.releases.stat().st_mode & 0o777)
    folder.rename(place)
    _sync_folder(layout.releases)
    return place


def already_there(release: ReleaseId) -> FileError:
    """Say that a version exists; what is released never changes."""
    msg = f"release {release.text} exists already"
    return FileError(msg, "Leave 'version' out of the release file, or write a higher one")


def _sync(folder: Path) -> None:
    """Bring everything in a folder to the disk, before its name says that it is whole."""
    for file in folder.iterdir():
        descriptor = os.open(file, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def clear_unfinished(layout: Layout) -> None:
    """Remove what a killed process left behind; the writer's lock must be held."""
    if layout.releases.is_dir():
        for folder in layout.releases.glob(f"{_UNFINISHED}*"):
            shutil.rmtree(folder, ignore_errors=True)


def files_of(folder: Path, rows: dict[str, int]) -> tuple[ReleaseFile, ...]:
    """Hash and size of every file in a folder but the manifest, by name."""
    return tuple(
        ReleaseFile(
            name=file.name,
            sha256=file_hash(file),
            bytes=file.stat().st_size,
            rows=rows.get(file.name),
        )
        for file in sorted(folder.iterdir())
        if file.name != MANIFEST_FILE
    )


def file_hash(file: Path) -> str:
    """sha256 of a file."""
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def unchanged_file(folder: Path, manifest: Manifest, name: str) -> Path:
    """Path of a file of a release that is still what it was.

    Raises
    ------
    FileError
        If the release was made without it.
    WarehouseError
        If it is missing or has changed.
    """
    declared = {one.name: one.sha256 for one in manifest.files}
    if name not in declared:
        msg = f"{manifest.release} has no {name}"
        raise FileError(msg, "Declare 'splits' in the release file, and release it anew")
    path = folder / name
    if not path.is_file() or file_hash(path) != declared[name]:
        msg = f"{manifest.release}: {name} {'has changed' if path.is_file() else 'is missing'}"
        raise WarehouseError(msg, "Bring the folder of the release back from a backup")
    return path


def changed_files(folder: Path, manifest: Manifest) -> list[str]:
    """Say what is wrong with the files of a release: changed, missing, or none of its own."""
    problems = []
    for file in manifest.files:
        path = folder / file.name
        if not path.is_file():
            problems.append(f"{file.name} is missing")
        elif file_hash(path) != file.sha256:
            problems.append(f"{file.name} has changed")
    known = {MANIFEST_FILE, *(file.name for file in manifest.files)}
    return problems + [
        f"{path.name} does not belong to it"
        for path in sorted(folder.iterdir())
        if path.name not in known
    ]


def refuse_superseded(manifest: Manifest) -> None:
    """Refuse a release in whose place another one stands.

    Raises
    ------
    FileError
        If it was superseded; the release to use is told.
    """
    if manifest.status == "superseded" and manifest.superseded_by is None:
        msg = f"{manifest.release} was removed by {manifest.reason} and not made anew"
        raise FileError(msg, "Make a new release from its file: 'roentgene release create'")
    if manifest.status == "superseded":
        msg = f"{manifest.release} was superseded by {manifest.reason}"
        raise FileError(msg, f"Use {manifest.superseded_by}")
