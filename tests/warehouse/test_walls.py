"""Each wall alone, in a process that has no other, tried by what it is there to refuse."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from roentgene.warehouse.walls import landlock, privileges, seccomp
from roentgene.warehouse.walls.kernel import process_control, system_call

_TRIED = """
import ctypes, json, os, signal, socket, sys, threading, time
from pathlib import Path
from roentgene.warehouse.walls import landlock, privileges, seccomp

folder, port, wall = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
def forked():
    if (child := os.fork()) == 0:
        os._exit(0)
    os.waitpid(child, 0)
def started():
    thread = threading.Thread(target=lambda: None)
    thread.start()
    thread.join()
def executed():
    os.posix_spawn("/bin/true", ["true"], {})
TRIED = {
    "read": lambda: (folder / "secret.txt").read_text(),
    "list": lambda: os.listdir(folder),
    "write": lambda: (folder / "new.txt").write_text("x"),
    "overwrite": lambda: open(folder / "other.txt", "r+"),
    "remove": lambda: os.unlink(folder / "old.txt"),
    "rights": lambda: os.chmod(folder / "other.txt", 0o777),
    "times": lambda: os.utime(folder / "other.txt", (1, 1)),
    "where": lambda: os.readlink("/proc/self/exe"),
    "tcp": lambda: socket.create_connection(("127.0.0.1", port), 5).close(),
    "socket": lambda: socket.socket(socket.AF_UNIX).close(),
    "signal": lambda: os.kill(os.getppid(), 0),
    "execute": executed,
    "fork": forked,
    "thread": started,
}
privileges.refuse_new_privileges()
held = {
    "none": lambda: True,
    "changes": landlock.refuse_changes,
    "files": landlock.refuse_files,
    "one file": lambda: landlock.refuse_files(but=[folder / "secret.txt"]),
    "seccomp": seccomp.refuse_calls,
}[wall]()
refused = []
for name, action in TRIED.items():
    try:
        action()
    except (OSError, RuntimeError):
        refused.append(name)
print(json.dumps([held, refused]))
"""
_NOT_READING = {"write", "overwrite", "remove", "tcp", "signal", "execute"}
_OPENING = {"read", "list", *_NOT_READING}


@pytest.fixture
def port() -> Iterator[int]:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def _refused_by(wall: str, folder: Path, port: int) -> set[str]:
    for name in ("secret", "other", "old"):
        (folder / f"{name}.txt").write_text(name)
    done = subprocess.run(
        [sys.executable, "-c", _TRIED, str(folder), str(port), wall],
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    held, refused = json.loads(done.stdout)
    assert held
    return set(refused)


def test_without_a_wall_all_of_it_is_done(tmp_path: Path, port: int) -> None:
    assert _refused_by("none", tmp_path, port) == set()


needs_landlock = pytest.mark.skipif(landlock.abi() < 6, reason="the kernel has no such Landlock")


@needs_landlock
@pytest.mark.parametrize(
    ("wall", "refused"),
    [
        ("changes", _NOT_READING),
        ("files", _OPENING),
        ("one file", _OPENING - {"read"}),
    ],
)
def test_landlock_refuses(wall: str, refused: set[str], tmp_path: Path, port: int) -> None:
    assert _refused_by(wall, tmp_path, port) == refused


def test_filtered_calls_are_refused_and_reading_is_not(tmp_path: Path, port: int) -> None:
    refused = {"remove", "rights", "times", "where", "tcp", "socket", "signal", "execute", "fork"}
    assert _refused_by("seccomp", tmp_path, port) == refused


def test_every_number_of_a_call_is_named_once() -> None:
    for column in (0, 1):
        numbers = [
            numbers[column]
            for calls in seccomp._REFUSED.values()
            for numbers in calls.values()
            if numbers[column] is not None
        ]
        assert len(set(numbers)) == len(numbers)


def test_an_unknown_machine_has_no_filter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seccomp, "_MACHINES", {})
    assert not seccomp.refuse_calls()


def test_a_kernel_without_landlock_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(number: int, *arguments: object) -> int:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(landlock, "system_call", absent)
    assert landlock.abi() == 0
    assert not landlock.refuse_changes()
    assert not landlock.refuse_files()


def test_a_refused_call_is_an_error() -> None:
    with pytest.raises(OSError, match="Bad file descriptor"):
        system_call(446, -1, 0)
    with pytest.raises(OSError, match="Invalid argument"):
        process_control(-1)


_POWERS = """
from roentgene.warehouse.walls import privileges
privileges.refuse_new_privileges()
privileges.drop_capabilities()
print(open("/proc/self/status").read())
"""


def test_powers_of_root_go() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _POWERS],
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    status = dict(line.split(":\t", 1) for line in done.stdout.splitlines() if ":\t" in line)
    assert status["NoNewPrivs"] == "1"
    mine = privileges._effective()
    for powers in ("CapEff", "CapPrm", "CapInh"):
        assert int(status[powers], 16) in {0, mine & (1 << 2)}


_PARENT = """
import os, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, flush=True)
sys.stdin.read()
"""
_CHILD = """
import os
from roentgene.warehouse.walls.privileges import die_with_parent
die_with_parent(os.getppid())
print("ready", flush=True)
while True: os.sched_yield()
"""


def test_a_child_dies_with_its_parent() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT, _CHILD],
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert parent.stdout is not None and parent.stdin is not None
    with parent:
        child = int(parent.stdout.readline())
        parent.kill()
    assert _gone(child)


def _gone(pid: int) -> bool:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.01)
    return False


def test_a_child_whose_parent_is_gone_already_ends() -> None:
    with pytest.raises(SystemExit):
        privileges.die_with_parent(os.getppid() + 1)
    process_control(1, 0)
