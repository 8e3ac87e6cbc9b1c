"""Deliveries in a watched folder: which of them are complete, and what the others lack.

A delivery is a folder with a manifest, in the form that ``sha256sum`` writes: a line a file, its
sha256 and its path. It is complete once it holds exactly these files with exactly that content,
and nothing in it has changed for a while. Nothing but the manifest is read of one that is not.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from roentgene.ingest.identity import file_hash
from roentgene.schemas.errors import FileError
from roentgene.schemas.scheduled import WatchedFolder

_LINE = re.compile(r"([0-9a-fA-F]{64}) [ *](.+)")
_MINUTE_NS = 60_000_000_000
_MOST_NAMED = 5


@dataclass(frozen=True)
class Arrived:
    """A delivery that is to be taken in.

    Parameters
    ----------
    folder : Path
        Where it lies; the paths of the cohort file start there.
    manifest_hash : str
        sha256 of its manifest, by which it is known once it was taken.
    n_files : int
        Files that the manifest lists.
    """

    folder: Path
    manifest_hash: str
    n_files: int


@dataclass(frozen=True)
class Waiting:
    """A delivery that is not complete yet.

    Parameters
    ----------
    name : str
        Its folder.
    why : str
        What it waits for.
    missing, unlisted : tuple of str
        Files that its manifest lists and that are not there, and the other way round.
    """

    name: str
    why: str
    missing: tuple[str, ...] = ()
    unlisted: tuple[str, ...] = ()


def delivery_folders(watched: WatchedFolder, root: Path) -> list[Path]:
    """Find the deliveries of a watched folder, in the order of their names.

    Raises
    ------
    FileError
        If the folder is not there.
    """
    folder = root / watched.folder
    try:
        found = [one for one in folder.iterdir() if one.is_dir() and not one.name.startswith(".")]
    except OSError as error:
        msg = f"{folder}: the watched folder cannot be read ({type(error).__name__})"
        raise FileError(msg, "Is it mounted? Nothing that was taken in is touched") from error
    return sorted(found)


def read_manifest(path: Path) -> Mapping[str, str]:
    """Read a manifest: the sha256 of each file by its path in the delivery.

    Raises
    ------
    FileError
        Which line is wrong, or leads out of the delivery.
    """
    listed: dict[str, str] = {}
    text = path.read_text(encoding="utf-8", errors="surrogateescape")
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        found = _LINE.fullmatch(line)
        if found is None:
            msg = f"{path}, line {number}: is not a sha256, two blanks and a path"
            raise FileError(msg, "Write it with 'sha256sum', in the folder of the delivery")
        name = found[2].removeprefix("./")
        inside = PurePosixPath(name)
        if inside.is_absolute() or ".." in inside.parts or name in listed:
            msg = f"{path}, line {number}: the path leads out of the delivery, or stands twice"
            raise FileError(msg, "List each file once, by its path from the delivery's folder")
        listed[name] = found[1].lower()
    return listed


def examine(folder: Path, watched: WatchedFolder, now_ns: int | None = None) -> Arrived | Waiting:
    """Say whether a delivery is complete.

    Parameters
    ----------
    folder : Path
        The delivery.
    watched : WatchedFolder
        What its manifest is called, and for how long nothing may have changed.
    now_ns : int, optional
        Time in nanoseconds since the epoch.

    Raises
    ------
    FileError
        If its manifest is wrong, it holds links, or a file has not the content that the manifest
        says though nothing has changed for that long.
    """
    manifest = folder / watched.manifest
    if not manifest.is_file():
        return Waiting(folder.name, f"its manifest {watched.manifest} has not come")
    present = dict(_files(folder))
    changed = max((_changed_ns(path) for path in present.values()), default=0)
    quiet_ns = (time.time_ns() if now_ns is None else now_ns) - changed
    if quiet_ns < watched.quiet_minutes * _MINUTE_NS:
        why = f"something in it changed less than {watched.quiet_minutes} min ago"
        return Waiting(folder.name, why)
    listed = read_manifest(manifest)
    missing = tuple(sorted(listed.keys() - present.keys()))
    unlisted = tuple(sorted(present.keys() - listed.keys() - {watched.manifest}))
    if missing or unlisted:
        why = f"it lacks {len(missing)} of {len(listed)} files, and {len(unlisted)} are not listed"
        return Waiting(folder.name, why, missing, unlisted)
    wrong = [name for name in sorted(listed) if file_hash(present[name]) != listed[name]]
    if wrong:
        others = f" and {len(wrong) - _MOST_NAMED} more" if len(wrong) > _MOST_NAMED else ""
        named = ", ".join(wrong[:_MOST_NAMED])
        msg = f"{folder}: not what the manifest says: {named}{others}"
        raise FileError(msg, "Have these files sent again")
    return Arrived(folder, file_hash(manifest), len(listed))


def manifest_hash(folder: Path, watched: WatchedFolder) -> str | None:
    """Give the sha256 of the manifest of a delivery, if it has one."""
    manifest = folder / watched.manifest
    return file_hash(manifest) if manifest.is_file() else None


def gone_files(folder: Path, watched: WatchedFolder) -> tuple[str, ...]:
    """Files of a delivery that was taken in which are no longer there."""
    listed = read_manifest(folder / watched.manifest)
    return tuple(name for name in sorted(listed) if not (folder / name).is_file())


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Every file of a delivery by its path within; hidden ones are the file system's own."""
    for path in folder.rglob("*"):
        within = path.relative_to(folder)
        if path.is_symlink():
            msg = f"{folder}: {within} is a link"
            raise FileError(msg, "Send the file itself: a delivery holds all that is read of it")
        if path.is_file() and not any(part.startswith(".") for part in within.parts):
            yield within.as_posix(), path


def _changed_ns(path: Path) -> int:
    facts = path.stat()
    # a copy that keeps times gets its own time of change all the same
    return max(facts.st_mtime_ns, facts.st_ctime_ns)
