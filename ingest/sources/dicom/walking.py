"""Which files of a folder are looked into: none that a link leads out to, and none that hang."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from roentgene.ingest.sources.dicom.pixel_length import Fault


@dataclass(frozen=True)
class Found:
    """What stands in a folder, in the order of the names.

    Parameters
    ----------
    files : tuple of Path
        Regular files.
    refused : tuple of (Path, Fault)
        Links that lead out of the folder (``path_outside``), and what cannot be looked into.
    n_passed_over : int
        Number of pipes, sockets and devices, which are none.
    """

    files: tuple[Path, ...]
    refused: tuple[tuple[Path, Fault], ...]
    n_passed_over: int


def walk(folder: Path) -> Found:
    """List the files of a folder and of all folders in it.

    Links to folders are not followed: what stands in the folder is met on its own way.

    Parameters
    ----------
    folder : Path
        The folder.
    """
    root = folder.resolve()
    files: list[Path] = []
    refused: list[tuple[Path, Fault]] = []
    n_passed_over = 0
    for path, closed in _entries(folder):
        if closed is not None:
            refused.append((path, Fault("unreadable_dicom", closed)))
            continue
        # Path.resolve would raise over links that lead to each other
        if path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(root):
            refused.append((path, Fault("path_outside", "it is a link that leads out")))
            continue
        try:
            mode = path.stat().st_mode
        except OSError as error:
            detail = error.strerror or type(error).__name__
            refused.append((path, Fault("unreadable_dicom", detail)))
            continue
        if stat.S_ISREG(mode):
            files.append(path)
        elif not stat.S_ISDIR(mode):
            # to open a pipe would wait for ever
            n_passed_over += 1
    return Found(tuple(files), tuple(refused), n_passed_over)


def _entries(folder: Path) -> Iterator[tuple[Path, str | None]]:
    """Everything in a folder; with the reason, a folder that cannot be listed."""
    closed: list[OSError] = []
    for place, folders, names in os.walk(folder, onerror=closed.append):
        folders.sort()
        here = Path(place)
        links = [name for name in folders if (here / name).is_symlink()]
        for name in sorted([*names, *links]):
            yield here / name, None
    for error in closed:
        yield Path(error.filename), error.strerror or type(error).__name__
