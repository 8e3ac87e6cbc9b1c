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

from roentgene.ingest.identity import SETTLED_NS, file_hash, file_state
from roentgene.ingest.known import StoredFile
from roentgene.schemas.canonical import text_hash

# more threads do not make a disk faster
_THREADS = 4


#: A file, or all files of an image that has one for each slice.
Files = tuple[Path, ...]


@dataclass(frozen=True)
class FileContent:
    """What a file holds, or several together.

    Parameters
    ----------
    content_hash : str
        sha256 of its bytes; of several files, sha256 of theirs in order.
    newly_read : StoredFile or None
        By what it is recognised the next time; None where it was recognised this time, or where it
        was written so short a time ago that its state says nothing.
    """

    content_hash: str
    newly_read: StoredFile | None


def read_contents(
    names: Mapping[Files, str], stored: Mapping[str, StoredFile]
) -> dict[Files, FileContent | OSError]:
    """Hash files, and recognise those that have not changed since they were hashed last.

    Parameters
    ----------
    names : mapping of tuple of Path to str
        Files, with how the catalogue calls them.
    stored : mapping of str to StoredFile
        Files by name as they were last read.

    Returns
    -------
    dict of tuple of Path to FileContent or OSError
        The error where a file cannot be read. Those that were recognised come first.
    """
    found: dict[Files, FileContent | OSError] = {}
    changed: list[Files] = []
    # to ask for the state takes so little time that threads would only be in each other's way
    for files, name in names.items():
        before = stored.get(name)
        if before is not None and _state_or_none(files) == before.state:
            found[files] = FileContent(before.content_hash, None)
        else:
            changed.append(files)
    with ThreadPoolExecutor(_THREADS) as threads:
        found.update(zip(changed, threads.map(_read, changed), strict=True))
    return found


def _state_or_none(files: Files) -> str | None:
    try:
        return _joined([file_state(path.stat()) for path in files])
    except OSError:
        return None


def _read(files: Files) -> FileContent | OSError:
    try:
        # first: what is written while the files are read has another state
        facts = [path.stat() for path in files]
        settled = time.time_ns() - max(one.st_mtime_ns for one in facts) > SETTLED_NS
        content_hash = _joined([file_hash(path) for path in files])
    except OSError as error:
        return error
    state = _joined([file_state(one) for one in facts])
    return FileContent(content_hash, StoredFile(content_hash, state) if settled else None)


def _joined(hashes: list[str]) -> str:
    """Make one hash of several; a single one stays."""
    return hashes[0] if len(hashes) == 1 else text_hash(" ".join(hashes))
