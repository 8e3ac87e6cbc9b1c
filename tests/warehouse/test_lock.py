"""One writer at a time; whoever comes second waits, and is told if he waits too long."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from roentgene.schemas.errors import WarehouseBusyError
from roentgene.warehouse import lock
from roentgene.warehouse.lock import is_busy, retry_while_busy, writer_lock

# a bare flock of the same file, for a process that imports our module needs longer to start
HOLDER = """
import fcntl, sys, time
with open(sys.argv[1], "w") as file:
    fcntl.flock(file, fcntl.LOCK_EX)
    print("ready", flush=True)
    time.sleep(float(sys.argv[2]))
"""
BARE = ("-I", "-S")
LOCKED = 'Failed to prepare query "SELECT …": database is locked'
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "study" / "writer.lock"


@pytest.fixture(autouse=True)
def folder(file: Path) -> None:
    file.parent.mkdir()


def take(file: Path, deadline: float | None = None) -> float:
    """Take the lock and let it go; give back how long one waited."""
    begun = time.monotonic()
    with writer_lock(file, deadline):
        return time.monotonic() - begun


def failing(n_times: int, message: str) -> Callable[[], int]:
    """Something that fails a few times before it gives back how often it was tried."""
    tries = 0

    def action() -> int:
        nonlocal tries
        tries += 1
        if tries <= n_times:
            raise duckdb.Error(message)
        return tries

    return action


def test_the_second_process_waits_for_the_first(file: Path, start: Start) -> None:
    start(HOLDER, file, 0.5, options=BARE)
    assert take(file, 10) > 0.3


def test_past_the_deadline_the_second_is_told(file: Path, start: Start) -> None:
    start(HOLDER, file, 60, options=BARE)
    begun = time.monotonic()
    with pytest.raises(WarehouseBusyError, match="another process is writing") as refused:
        take(file, 0.2)
    assert 0.2 <= time.monotonic() - begun < 2
    assert str(file.parent) in refused.value.message
    assert refused.value.cure == "Wait until it has finished and try again"
    assert (refused.value.code, refused.value.exit_code) == ("warehouse_busy", 3)


def test_who_was_refused_does_not_keep_the_lock(file: Path) -> None:
    with writer_lock(file), pytest.raises(WarehouseBusyError):
        take(file, 0)
    assert take(file, 0) < 1


def test_the_lock_is_free_once_its_holder_was_killed(file: Path, start: Start) -> None:
    holder = start(HOLDER, file, 60, options=BARE)
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert take(file, 0) < 1


def test_an_error_under_the_lock_frees_it(file: Path) -> None:
    with pytest.raises(ZeroDivisionError), writer_lock(file):
        _ = 1 / 0
    assert take(file, 0) < 1


def test_a_program_that_the_holder_started_does_not_keep_the_lock(file: Path) -> None:
    # it closes nothing of what it inherits itself
    with writer_lock(file):
        heir = subprocess.Popen([sys.executable, *BARE, "-c", "input()"], close_fds=False, stdin=-1)
    try:
        assert take(file, 5) < 5
        assert heir.poll() is None
    finally:
        heir.kill()
        heir.communicate()


def test_the_usual_deadline_holds_for_both(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "DEADLINE_SECONDS", 0.1)
    with writer_lock(file), pytest.raises(WarehouseBusyError):
        take(file)
    with pytest.raises(WarehouseBusyError):
        retry_while_busy(failing(10**9, LOCKED))


@pytest.mark.parametrize("words", [LOCKED, 'IO Error: Conflicting lock is held in "python"'])
def test_a_busy_catalogue_is_tried_again(words: str) -> None:
    assert is_busy(duckdb.Error(words))
    assert retry_while_busy(failing(4, words)) == 5


def test_a_catalogue_that_stays_busy_is_a_clear_error() -> None:
    with pytest.raises(WarehouseBusyError, match="the catalogue stayed locked") as refused:
        retry_while_busy(failing(10**9, LOCKED), 0.1)
    assert refused.value.cure == "Wait until it has finished and try again"
    assert isinstance(refused.value.__cause__, duckdb.Error)


def test_other_errors_are_not_tried_again() -> None:
    action = failing(1, "Binder Error: no such column")
    with pytest.raises(duckdb.Error, match="no such column"):
        retry_while_busy(action)
    assert action() == 2
