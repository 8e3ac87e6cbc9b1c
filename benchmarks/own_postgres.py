"""A PostgreSQL of one's own on the loopback, thrown away afterwards: for measurements and tests."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import mkdtemp

ACCOUNT = "roentgene"
PASSWORD = "not a secret, but none may be seen"  # noqa: S105 - of a server that lives a minute
SECONDS = 120
_UNPRIVILEGED = "postgres"


def lacking() -> str:
    """Say what is not installed that a catalogue in PostgreSQL needs; empty where nothing is."""
    if find_spec("duckdb_extension_postgres_scanner") is None:
        return "roentgene[growing]"
    if not all((_program("initdb"), _program("postgres"), shutil.which("psql"))):
        return "the programs of PostgreSQL"
    return ""


def free_port() -> int:
    """Port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ask(port: int, database: str, sql: str) -> str:
    """Answer of a database to its owner, by the server's own client."""
    call = ["psql", "-h", "127.0.0.1", "-p", str(port), "-U", ACCOUNT, "-d", database]
    answer = subprocess.run(  # noqa: S603 - a program of PostgreSQL
        [*call, "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql],
        env={**os.environ, "PGPASSWORD": PASSWORD},
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    if answer.returncode:
        raise RuntimeError(answer.stderr)
    return answer.stdout.strip()


@contextmanager
def running() -> Iterator[int]:
    """Start a server that asks for a password, with a cluster of its own, and give its port."""
    # PostgreSQL refuses to run as root
    account = _UNPRIVILEGED if os.getuid() == 0 else None
    folder = Path(mkdtemp(prefix="roentgene-postgres-"))
    try:
        cluster = _cluster(folder, account)
        port = free_port()
        with _started(folder, cluster, port, account) as server:
            _wait_until_ready(port, server)
            yield port
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _program(name: str) -> str | None:
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(versions[-1]) if versions else shutil.which(name)


def _cluster(folder: Path, account: str | None) -> Path:
    password = folder / "password"
    password.write_text(PASSWORD, encoding="utf-8")
    if account is not None:
        for path in (folder, password):
            shutil.chown(path, account)
    cluster = folder / "cluster"
    subprocess.run(  # noqa: S603 - a program of PostgreSQL
        [
            *(str(_program("initdb")), "-D", str(cluster), "-U", ACCOUNT),
            *("--auth=scram-sha-256", f"--pwfile={password}"),
            *("-E", "UTF8", "--locale=C", "--no-sync"),
        ],
        check=True,
        capture_output=True,
        timeout=SECONDS,
        user=account,
        cwd=folder,
    )
    return cluster


@contextmanager
def _started(
    folder: Path, cluster: Path, port: int, account: str | None
) -> Iterator[subprocess.Popen[bytes]]:
    settings = {
        "port": str(port),
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "fsync": "off",  # it is thrown away
    }
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(  # noqa: S603 - a program of PostgreSQL
            [str(_program("postgres")), "-D", str(cluster), *options],
            stdout=log,
            stderr=log,
            user=account,
            cwd=folder,
        )
    try:
        yield server
    finally:
        server.send_signal(signal.SIGQUIT)  # nothing is kept
        server.wait(SECONDS)


def _wait_until_ready(port: int, server: subprocess.Popen[bytes]) -> None:
    call = ["pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port), "-t", "5"]
    for _ in range(SECONDS):
        if server.poll() is not None:
            msg = "PostgreSQL ended at once"
            raise RuntimeError(msg)
        if subprocess.run(call, timeout=SECONDS).returncode == 0:  # noqa: S603 - a program of PostgreSQL
            return
        # refused at once, so that -t waited for nothing
        signal.sigtimedwait([], 0.2)
    msg = "PostgreSQL did not answer"
    raise RuntimeError(msg)
