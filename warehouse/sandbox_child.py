"""The locked child: one statement of a stranger on the analyst's file, and no way out of it.

DuckDB's own settings are the first wall, limits of the process the second, and the kernel's filters
the third; each holds without the others.

Run as a script, with Python isolated from its environment. What it is told comes over standard
input: a line of JSON, then, once everything is locked, the SQL. What it says goes out as frames:
a letter, a length, the payload.
"""

from __future__ import annotations

import io
import json
import os
import resource
import signal
import struct
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    import duckdb

    _Opened = tuple[duckdb.DuckDBPyConnection, list[str]]

#: The kernel's walls.
LANDLOCK, SECCOMP = "Landlock", "seccomp"
KERNEL_WALLS = (LANDLOCK, SECCOMP)

#: Letter and payload length of a frame.
FRAME = struct.Struct(">cQ")
#: Everything is locked, send the SQL; JSON with ``walls``.
READY = b"R"
#: A part of the answer as an Arrow stream.
ROWS = b"A"
#: The answer is whole; JSON with ``truncated``.
DONE = b"D"
#: The query was refused; JSON with ``message`` and ``cure``.
REFUSED = b"Q"
#: The file could not be opened; JSON with ``message``.
UNUSABLE = b"U"

# for what DuckDB does not count, mostly what the allocator holds back: with 64 MiB even a plain
# scan of a large table failed
_ALLOWANCE_BYTES = 256 * 2**20
_NOWHERE = "/nonexistent"
# how much memory and how many cores there are: DuckDB breaks where it may not ask
_MACHINE = tuple(map(Path, ("/proc/self/cgroup", "/sys/fs/cgroup", "/sys/devices/system/cpu")))
_MEMORY_TAKEN = Path("/proc/self/statm")
_CATALOGUE = "analyst"  # as DuckDB calls analyst.duckdb when it opens it by its name
_CONFIG = {
    "python_enable_replacements": "false",
    "allow_persistent_secrets": "false",
    "secret_directory": _NOWHERE,
    "temp_directory": "",
}
# the order matters: with the file system disabled first, external access can no longer be set
_LOCKS = (
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET allow_community_extensions = false",
    f"SET home_directory = '{_NOWHERE}'",
    f"SET extension_directory = '{_NOWHERE}'",
    "SET enable_external_access = false",
    "SET disabled_filesystems = 'LocalFileSystem'",
    "SET lock_configuration = true",
)


class Frames(io.RawIOBase):
    """The way out; written to as a stream, it sends rows."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def send(self, kind: bytes, payload: bytes = b"") -> None:
        """Send one frame."""
        self._stream.write(FRAME.pack(kind, len(payload)))
        self._stream.write(payload)
        self._stream.flush()

    def tell_in_json(self, kind: bytes, **content: Any) -> None:
        """Send a frame of JSON."""
        self.send(kind, json.dumps(content).encode())

    def writable(self) -> bool:
        """Say that it can be written to."""
        return True

    def write(self, data: Any) -> int:
        """Send a part of the Arrow stream."""
        part = bytes(data)
        self.send(ROWS, part)
        return len(part)


def open_locked(file: Path, memory_mb: int) -> duckdb.DuckDBPyConnection:
    """Open a native file read-only and lock every door of DuckDB.

    It is opened by the name of a descriptor: where nobody can tell what that stands for (see
    :mod:`roentgene.warehouse.walls.seccomp`), no answer and no message names its folder.

    Raises
    ------
    duckdb.Error
        If it is no DuckDB file.
    """
    import duckdb

    config: dict[str, str | bool | int | float | list[str]] = {
        **_CONFIG,
        "memory_limit": f"{memory_mb}MB",
    }
    descriptor = os.open(file, os.O_RDONLY)
    con = duckdb.connect(":memory:", config=config)
    con.execute(f"ATTACH '/proc/self/fd/{descriptor}' AS {_CATALOGUE} (READ_ONLY)")
    con.execute(f"USE {_CATALOGUE}")
    con.execute("DETACH memory")
    for lock in _LOCKS:
        con.execute(lock)
    return con


def limit_process(address_space: int, seconds: float) -> None:
    """Limit what the process may take from here on, whatever runs in it.

    No file, socket or process can be made any more; memory ends at a number of bytes; and should
    the parent be gone at the deadline, the alarm ends the process.
    """
    for what, limit in (
        (resource.RLIMIT_AS, address_space),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_NOFILE, 0),
    ):
        resource.setrlimit(what, (limit, limit))
    signal.setitimer(signal.ITIMER_REAL, seconds + 1)


def address_space_with(memory_mb: int) -> int:
    """Bytes of address space that the process has now, with those a query may take."""
    pages = int(_MEMORY_TAKEN.read_bytes().split()[0])
    return pages * resource.getpagesize() + memory_mb * 10**6 + _ALLOWANCE_BYTES


def _answer(con: duckdb.DuckDBPyConnection, sql: str, rows: int, frames: Frames) -> None:
    import pyarrow as pa

    from roentgene.warehouse.statement import LimitedRows, statement_type

    statement_type(con, sql)  # refuses several statements
    answer = LimitedRows(con, sql, None, rows)
    with pa.ipc.new_stream(frames, answer.schema) as writer:
        for batch in answer:
            writer.write_batch(batch)
    frames.tell_in_json(DONE, truncated=answer.truncated)


def _give_up_privileges(parent: int) -> None:
    """Do what must be done before a library starts a thread, which would go without."""
    from roentgene.warehouse.walls import landlock, privileges

    privileges.die_with_parent(parent)
    privileges.refuse_new_privileges()
    privileges.drop_capabilities()
    landlock.refuse_changes()


def _open_behind_walls(file: Path, memory_mb: int, seconds: float) -> _Opened:
    from roentgene.warehouse.walls import landlock, seccomp

    _load_libraries()
    seccomp.refuse_calls()
    # also binds the threads of DuckDB, which start now
    needed = [file, _MEMORY_TAKEN, *(path for path in _MACHINE if path.exists())]
    landlock.refuse_files(but=needed)
    con = open_locked(file, memory_mb)
    con.execute("SELECT 1").to_arrow_reader()
    ceiling = address_space_with(memory_mb)
    landlock.refuse_files()
    walls = _walls_tried()
    limit_process(ceiling, seconds)
    return con, walls


def _walls_tried() -> list[str]:
    """Kernel's walls that hold, by what everybody may do where they do not."""
    walls = []
    for name, harmless in (
        (LANDLOCK, lambda: os.close(os.open("/", os.O_RDONLY))),
        (SECCOMP, Path("/proc/self/exe").readlink),
    ):
        try:
            harmless()
        except PermissionError:
            walls.append(name)
    return walls


def _load_libraries() -> None:
    """Import all that an answer needs, while files can be opened."""
    import duckdb

    from roentgene.warehouse import statement

    with duckdb.connect(":memory:") as con:
        statement.LimitedRows(con, "SELECT 1", None, 1)


def main() -> None:
    """Lock the process, then answer one query."""
    frames = Frames(os.fdopen(os.dup(1), "wb"))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # nothing that prints may end up in a frame
    told = json.loads(sys.stdin.buffer.readline())
    sys.path[:] = told["path"]
    try:
        _give_up_privileges(told["parent"])
        con, walls = _open_behind_walls(Path(told["file"]), told["memory_mb"], told["seconds"])
    except Exception as error:
        frames.tell_in_json(UNUSABLE, message=str(error))
        return
    frames.tell_in_json(READY, walls=walls)
    from roentgene.warehouse.statement import refusal

    try:
        _answer(con, sys.stdin.buffer.read().decode(), told["rows"], frames)
    except Exception as error:
        refused = refusal(error, told["memory_mb"])
        frames.tell_in_json(REFUSED, message=refused.message, cure=refused.cure)


if __name__ == "__main__":
    main()
    os._exit(0)  # nothing to tidy up, and DuckDB's threads need not be waited for
