"""What the files of a delivery hold: they are read only where they may have changed.

A file whose size and times are still those of its last reading is not read again, as git does it.
A state is kept only if the file had lain still for a while when it was read: one that is written
twice within a tick of the clock would show the second content under the state of the first.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from roentgene.ingest.identity import file_hash, file_state
from roentgene.ingest.known import StoredFile

# more threads do not make a disk faster
_THREADS = 4
# the coarsest clock of a file system that is in use
_SETTLED_NS = 2_000_000_000


@dataclass(frozen=True)
class FileContent:
    """What a file holds.

    Parameters
    ----------
    content_hash : str
        sha256 of its bytes.
    newly_read : StoredFile or None
        By what it is recognised the next time; None where it was recognised this time, or where it
        was written so short a time ago that its state says nothing.
    """

    content_hash: str
    newly_read: StoredFile | None


def read_contents(
    names: Mapping[Path, str], stored: Mapping[str, StoredFile]
) -> dict[Path, FileContent | OSError]:
    """Hash files, and recognise those that have not changed since they were hashed last.

    Parameters
    ----------
    names : mapping of Path to str
        Files, with how the catalogue calls them.
    stored : mapping of str to StoredFile
        Files by name as they were last read.

    Returns
    -------
    dict of Path to FileContent or OSError
        The error where a file cannot be read. Those that were recognised come first.
    """
    found: dict[Path, FileContent | OSError] = {}
    changed: list[Path] = []
    # to ask for the state takes so little time that threads would only be in each other's way
    for path, name in names.items():
        before = stored.get(name)
        if before is not None and _state_or_none(path) == before.state:
            found[path] = FileContent(before.content_hash, None)
        else:
            changed.append(path)
    with ThreadPoolExecutor(_THREADS) as threads:
        found.update(zip(changed, threads.map(_read, changed), strict=True))
    return found


def _state_or_none(path: Path) -> str | None:
    try:
        return file_state(path.stat())
    except OSError:
        return None


def _read(path: Path) -> FileContent | OSError:
    try:
        # first: what is written while the file is read has another state
        facts = path.stat()
        settled = time.time_ns() - facts.st_mtime_ns > _SETTLED_NS
        content_hash = file_hash(path)
    except OSError as error:
        return error
    stored = StoredFile(content_hash, file_state(facts)) if settled else None
    return FileContent(content_hash, stored)
