"""A folder of contents, each a file under its hash: what is there already is not written again."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from roentgene.schemas.errors import DiskFullError, WarehouseError, is_disk_full

# each is a question to a bucket
_CHUNK = 1 << 23
_UNFINISHED = ".unfinished-"


@dataclass(frozen=True)
class Content:
    """What a file holds.

    Parameters
    ----------
    sha256 : str
        Hash of its bytes, in hexadecimal.
    n_bytes : int
        Their number.
    """

    sha256: str
    n_bytes: int


def content_of(file: Path) -> Content:
    """Read a file and say what it holds."""
    with file.open("rb") as stream:
        return content_in(stream)


def content_in(stream: BinaryIO) -> Content:
    """Read what is open to its end, and say what it holds."""
    digest, n_bytes = hashlib.sha256(), 0
    while chunk := stream.read(_CHUNK):
        digest.update(chunk)
        n_bytes += len(chunk)
    return Content(digest.hexdigest(), n_bytes)


def copy_content(source: Path, target: Path, expected: Content) -> None:
    """Copy a file to the disk and read the copy again; a copy that is not the same does not stay.

    Raises
    ------
    WarehouseError
        If the source does not hold what is expected, or the copy does not.
    DiskFullError
        If there is no room for it.
    """
    try:
        _copy(source, target)
        found = content_of(target)
    except OSError as error:
        target.unlink(missing_ok=True)
        raise _not_copied(target, error) from error
    if found != expected:
        target.unlink(missing_ok=True)
        msg = f"{source} was to hold {_said(expected)}, but its copy holds {_said(found)}"
        raise WarehouseError(msg, "The disk of the one or the other is damaged, or it was changed")


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as read, target.open("xb") as written:
        while chunk := read.read(_CHUNK):
            written.write(chunk)
        written.flush()
        os.fsync(written.fileno())
        if hasattr(os, "posix_fadvise"):
            # what is read again is to come from the disk, not from memory
            os.posix_fadvise(written.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _not_copied(target: Path, error: OSError) -> WarehouseError:
    if is_disk_full(error):
        msg = f"no space is left for {target}"
        return DiskFullError(msg, "Make room on its disk and run it again; nothing was lost")
    msg = f"{error.filename or target}: {error.strerror or error}"
    return WarehouseError(msg, "Check that the disk is there, and its rights")


def _said(content: Content) -> str:
    return f"{content.n_bytes:,} bytes of sha256 {content.sha256[:12]}"


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class ContentStore:
    """Contents in a folder.

    Parameters
    ----------
    folder : Path
        The folder; it is made at need.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def place(self, content: Content) -> Path:
        """File of a content, whether it is there or not."""
        return self._folder / content.sha256[:2] / content.sha256

    def holds(self, content: Content) -> bool:
        """Whether there is a file of that content and of its size."""
        try:
            return self.place(content).stat().st_size == content.n_bytes
        except OSError:
            return False

    def put(self, source: Path, content: Content) -> bool:
        """Take a file up; give back whether its content is new.

        The file has its name only once it is whole, on the disk, and was read again.

        Raises
        ------
        WarehouseError
            If the file was changed meanwhile, or cannot be written.
        """
        if self.holds(content):
            return False
        place = self.place(content)
        place.parent.mkdir(parents=True, exist_ok=True)
        unfinished = place.with_name(f"{_UNFINISHED}{secrets.token_hex(8)}")
        try:
            copy_content(source, unfinished, content)
            unfinished.chmod(0o400)
            unfinished.replace(place)
        finally:
            unfinished.unlink(missing_ok=True)
        sync_folder(place.parent)
        return True

    def is_whole(self, content: Content) -> bool:
        """Read a content again: whether it is what its name says."""
        try:
            return content_of(self.place(content)) == content
        except OSError:
            return False

    def remove_others(
        self, needed: Collection[str], *, dry_run: bool = False
    ) -> list[tuple[str, int]]:
        """Remove every content but those of the given hashes, and what killed processes left.

        Returns
        -------
        list of tuple of str and int
            Name and size of what was removed, or would be.
        """
        others = [file for file in self._files() if file.name not in needed]
        found = [(file.name, file.stat().st_size) for file in others]
        if not dry_run:
            for file in others:
                file.unlink()
                with suppress(OSError):  # others lie in it
                    file.parent.rmdir()
        return found

    def _files(self) -> Iterator[Path]:
        if self._folder.is_dir():
            for folder in sorted(self._folder.iterdir()):
                yield from sorted(folder.iterdir())
