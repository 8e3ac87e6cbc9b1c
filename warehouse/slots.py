"""Places for queries of strangers: a lock file each, which dies with whoever holds it."""

from __future__ import annotations

import fcntl
import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from roentgene.schemas.errors import WarehouseBusyError, WarehouseError

#: Folder of the lock files, beside the analyst's file.
SLOTS = ".slots"


@contextmanager
def slot(folder: Path, count: int, seconds: float) -> Iterator[None]:
    """Hold one of a number of places, waiting until one is free.

    Raises
    ------
    WarehouseBusyError
        If none became free in time.
    WarehouseError
        If the lock files cannot be made.
    """
    until = time.monotonic() + seconds
    while (held := _taken(folder, count)) is None:
        if time.monotonic() >= until:
            msg = f"{count} queries are running, and none ended within {seconds:g} s"
            cure = "Ask again later, or raise limits.at_once in study.yaml"
            raise WarehouseBusyError(msg, cure)
        time.sleep(random.uniform(0.01, 0.05))  # noqa: S311 - a back-off, no secret
    try:
        yield
    finally:
        os.close(held)  # also frees the lock


def _taken(folder: Path, count: int) -> int | None:
    for number in range(count):
        descriptor = _opened(folder / str(number))
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
        else:
            return descriptor
    return None


def _opened(file: Path) -> int:
    try:
        file.parent.mkdir(exist_ok=True)
        return os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        msg = f"places for queries cannot be made in {file.parent}: {error.strerror}"
        cure = "Let whoever answers strangers write to that folder"
        raise WarehouseError(msg, cure) from error
