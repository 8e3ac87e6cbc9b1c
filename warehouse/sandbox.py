"""The sandbox: a stranger's SQL runs on the analyst's file, in a locked child that can be killed.

DuckDB's own settings keep the SQL off every file. They cannot hold time and memory, for a scalar
function is not interrupted and the strings it builds are not counted; so the process is limited.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa

from roentgene.schemas.errors import QueryError, WarehouseError
from roentgene.schemas.study import QueryLimits
from roentgene.warehouse import sandbox_child
from roentgene.warehouse.sandbox_child import DONE, FRAME, READY, REFUSED, ROWS, UNUSABLE
from roentgene.warehouse.slots import SLOTS, slot
from roentgene.warehouse.statement import QueryResult, out_of_time

# on a busy machine; usually it takes a quarter of one second
_START_SECONDS = 60.0
# what the child opened the file by
_DESCRIPTOR = re.compile(r"/proc/self/fd/\d+")


def run_sandboxed(file: Path, sql: str, limits: QueryLimits) -> QueryResult:
    """Run one statement that nobody vouches for.

    Parameters
    ----------
    file : Path
        The analyst's file.
    sql : str
        Any text.
    limits : QueryLimits
        Seconds, after which the child is killed; MB, of memory and of the answer; rows; how many
        may run at once.

    Raises
    ------
    QueryError
        If the statement is refused, fails, or runs out of time or memory.
    WarehouseBusyError
        If others kept all places longer than a query may take.
    WarehouseError
        If the file is missing or cannot be opened, or if the system is not Linux.
    """
    if sys.platform != "linux":
        msg = "the sandbox needs Linux: elsewhere the memory of a query cannot be limited"
        raise WarehouseError(msg, "Run SQL that you trust with 'roentgene sql', without --sandbox")
    if not file.is_file():
        msg = f"there is no analyst's file {file}"
        raise WarehouseError(msg, "'roentgene ingest run' publishes it")
    with slot(file.parent / SLOTS, limits.at_once, limits.seconds), _started() as child:
        _prepare(child, file, limits)
        begun = time.monotonic()
        try:
            table, truncated = _ask(child, sql, limits)
        except QueryError as error:
            raise QueryError(_without_folder(error.message, file), error.cure) from None
        return QueryResult(table, truncated, time.monotonic() - begun)


def kernel_walls(file: Path, limits: QueryLimits) -> tuple[str, ...]:
    """Names of the walls that the kernel keeps here, as a child that was locked has tried them."""
    with _started() as child:
        return _prepare(child, file, limits)


class _Child:
    """The child process: what is said to it, what it says, and its end."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._to = cast(BinaryIO, process.stdin)
        self._from = cast(BinaryIO, process.stdout)
        self.overdue = False

    def send(self, data: bytes) -> None:
        """Send it something; if it is gone, its frames will tell."""
        with contextlib.suppress(BrokenPipeError):
            self._to.write(data)
            self._to.flush()

    def finish_sending(self) -> None:
        """Send no more."""
        with contextlib.suppress(BrokenPipeError):
            self._to.close()

    def frames(self) -> Iterator[tuple[bytes, int]]:
        """Yield kind and payload length of each frame; the payload must be read between."""
        while len(head := self._from.read(FRAME.size)) == FRAME.size:
            yield FRAME.unpack(head)

    def payload(self, length: int) -> bytes:
        """Read the payload of a frame."""
        return self._from.read(length)

    @contextlib.contextmanager
    def killed_after(self, seconds: float) -> Iterator[None]:
        """Kill it when a time is over, so that whoever reads from it meets the end."""

        def kill() -> None:
            self.overdue = True
            self.kill()

        timer = threading.Timer(seconds, kill)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()

    def kill(self) -> None:
        """Kill it and all it may have started."""
        # nobody has waited for it yet, so the number is still its own
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def end(self) -> None:
        """Kill it if need be, and see it gone."""
        self.kill()
        self.finish_sending()
        self._from.close()
        self._process.wait()


@contextlib.contextmanager
def _started() -> Iterator[_Child]:
    # isolated from the environment, the folder it is started in, and the user's packages
    command = [sys.executable, "-I", "-X", "utf8", sandbox_child.__file__]
    process = subprocess.Popen(  # noqa: S603 - our own file, no shell
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={},
        cwd="/",
        start_new_session=True,
    )
    child = _Child(process)
    try:
        yield child
    finally:
        child.end()


def _prepare(child: _Child, file: Path, limits: QueryLimits) -> tuple[str, ...]:
    """Have the child lock itself before it sees the SQL, and say which walls the kernel keeps."""
    told = {
        "file": str(file.resolve()),
        "parent": os.getpid(),
        # the packages of this process: an isolated Python would not find them all
        "path": [place for place in sys.path if Path(place).is_absolute()],
        **limits.model_dump(),
    }
    with child.killed_after(_START_SECONDS):
        child.send(json.dumps(told).encode() + b"\n")
        kind, length = next(child.frames(), (b"", 0))
        if kind == READY:
            return tuple(json.loads(child.payload(length))["walls"])
        reason = "its process did not start"
        if kind == UNUSABLE:
            reason = json.loads(child.payload(length))["message"].splitlines()[0]
    msg = f"the analyst's file {file} cannot be used: {reason}"
    raise WarehouseError(msg, "'roentgene doctor' looks for the cause")


def _ask(child: _Child, sql: str, limits: QueryLimits) -> tuple[pa.Table, bool]:
    arrow_stream = bytearray()
    most = limits.memory_mb * 10**6
    with child.killed_after(limits.seconds):
        child.send(sql.encode(errors="replace"))
        child.finish_sending()
        for kind, length in child.frames():
            if len(arrow_stream) + length > most:
                msg = f"the answer is larger than {limits.memory_mb} MB"
                raise QueryError(msg, "Select fewer rows or columns, or aggregate them")
            payload = child.payload(length)
            if kind == ROWS:
                arrow_stream += payload
            elif kind == REFUSED:
                raise QueryError(**json.loads(payload))
            elif kind == DONE:
                table = pa.ipc.open_stream(pa.py_buffer(arrow_stream)).read_all()
                return table, json.loads(payload)["truncated"]
    if child.overdue:
        raise out_of_time(limits.seconds)
    msg = "the process that ran the query broke, most likely for want of memory"
    raise QueryError(msg, "Ask for less at once")


def _without_folder(text: str, file: Path) -> str:
    for place in (file, file.absolute(), file.resolve()):
        text = text.replace(f"{place.parent}{os.sep}", "")
    return _DESCRIPTOR.sub(file.name, text)
