"""One writer at a time, one scheduled run at a time: lock files that die with their holders."""

from __future__ import annotations

import fcntl
import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import duckdb

from roentgene.schemas.errors import RunUnderWayError, WarehouseBusyError

Answer = TypeVar("Answer")

DEADLINE_SECONDS = 30.0
# what a holder writes of itself is shorter
_MOST_BYTES = 200
_BUSY_WORDS = ("database is locked", "conflicting lock")


@contextmanager
def writer_lock(path: Path, deadline: float | None = None) -> Iterator[None]:
    """Hold the writer's lock.

    Raises
    ------
    WarehouseBusyError
        If another process holds it past the deadline (in seconds; ``DEADLINE_SECONDS`` unless
        given).
    """
    until = _until(deadline)
    descriptor = _locked(path, until)
    while not _is_still_there(descriptor, path):
        # a restore has put another folder in the place of the one that was waited for
        os.close(descriptor)
        descriptor = _locked(path, until)
    try:
        yield
    finally:
        os.close(descriptor)  # also frees the lock


def _locked(path: Path, until: float) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _acquire(descriptor, path, until)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _is_still_there(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _until(deadline: float | None) -> float:
    return time.monotonic() + (DEADLINE_SECONDS if deadline is None else deadline)


def _acquire(descriptor: int, path: Path, until: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                msg = f"another process is writing to {path.parent}"
                raise WarehouseBusyError(msg, "Wait until it has finished and try again") from None
            time.sleep(random.uniform(0.01, 0.05))  # noqa: S311 - a back-off, no secret
        else:
            return


@contextmanager
def run_lock(path: Path) -> Iterator[None]:
    """Hold the lock of a run over everything that is pending; whoever comes second does not wait.

    The file says which process holds it and since when, for whoever is refused. It is no sign that
    somebody does: the lock itself goes with its holder, even one that is killed.

    Raises
    ------
    RunUnderWayError
        If another run holds it.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, _MOST_BYTES, 0).decode(errors="replace").strip()
            msg = f"another run is at work on {path.parent}" + (f": {holder}" if holder else "")
            cure = "Nothing was done. Start again once it has ended"
            raise RunUnderWayError(msg, cure) from None
        os.ftruncate(descriptor, 0)
        since = datetime.now(UTC).isoformat(timespec="seconds")
        os.pwrite(descriptor, f"process {os.getpid()} since {since}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)  # also frees the lock


def is_busy(error: duckdb.Error) -> bool:
    """Whether an error says that another process was in the way."""
    return any(word in str(error).lower() for word in _BUSY_WORDS)


def retry_while_busy(action: Callable[[], Answer], deadline: float | None = None) -> Answer:
    """Do something that a commit of another process may get in the way of.

    Raises
    ------
    WarehouseBusyError
        If the catalogue stays locked past the deadline (in seconds; ``DEADLINE_SECONDS`` unless
        given).
    """
    until = _until(deadline)
    pause = 0.005
    while True:
        try:
            return action()
        except duckdb.Error as error:
            if not is_busy(error):
                raise
            if time.monotonic() >= until:
                msg = "the catalogue stayed locked by another process"
                raise WarehouseBusyError(msg, "Wait until it has finished and try again") from error
            time.sleep(random.uniform(pause / 2, pause))  # noqa: S311 - a back-off, no secret
            pause = min(pause * 2, 0.5)
