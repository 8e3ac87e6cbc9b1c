"""A PostgreSQL of the tests' own, on the loopback; without its programs these tests are skipped."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import pytest

from roentgene.schemas.storage import Storage
from roentgene.schemas.study import Study
from roentgene.warehouse.layout import Layout
from roentgene.warehouse.opening import create_warehouse

_PASSWORD = "not a secret, but none may be seen"  # noqa: S105 - of a server that lives a minute
_UNPRIVILEGED = "postgres"
_SECONDS = 120


def free_port() -> int:
    """Port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _program(name: str) -> str | None:
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(versions[-1]) if versions else shutil.which(name)


@dataclass(frozen=True)
class Database:
    """A database that no test has used before."""

    port: int
    name: str

    def storage(self, **more: object) -> Storage:
        """Settings that put the catalogue there."""
        catalog = f"postgres:host=127.0.0.1 port={self.port} dbname={self.name} user=roentgene"
        return Storage.model_validate({"catalog": catalog, **more})

    def study(self, **more: object) -> Study:
        """Settings of a warehouse whose catalogue lies there."""
        return Study(name="grown", storage=self.storage(**more))

    def ask(self, sql: str) -> str:
        """Answer of the database to its owner, by the server's own client."""
        return _psql(self.port, self.name, sql)

    def ask_server(self, sql: str) -> str:
        """Answer of the server, asked without the database."""
        return _psql(self.port, "postgres", sql)


def _psql(port: int, database: str, sql: str) -> str:
    call = ["psql", "-h", "127.0.0.1", "-p", str(port), "-U", "roentgene", "-d", database]
    answer = subprocess.run(
        [*call, "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql],
        env={**os.environ, "PGPASSWORD": _PASSWORD},
        capture_output=True,
        text=True,
        timeout=_SECONDS,
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout.strip()


@pytest.fixture(scope="session")
def postgres_port() -> Iterator[int]:
    """Port of a PostgreSQL that asks for a password, with a cluster of its own."""
    pytest.importorskip("duckdb_extension_postgres_scanner", reason="needs roentgene[growing]")
    initdb, server = _program("initdb"), _program("postgres")
    if initdb is None or server is None or shutil.which("psql") is None:
        pytest.skip("needs the programs of PostgreSQL")
    # PostgreSQL refuses to run as root
    account = _UNPRIVILEGED if os.getuid() == 0 else None
    folder = Path(mkdtemp(prefix="roentgene-postgres-"))
    try:
        password = folder / "password"
        password.write_text(_PASSWORD, encoding="utf-8")
        if account is not None:
            for path in (folder, password):
                shutil.chown(path, account)
        cluster = folder / "cluster"
        subprocess.run(
            [
                *(initdb, "-D", str(cluster), "-U", "roentgene", "--auth=scram-sha-256"),
                *(f"--pwfile={password}", "-E", "UTF8", "--locale=C", "--no-sync"),
            ],
            check=True,
            capture_output=True,
            timeout=_SECONDS,
            user=account,
            cwd=folder,
        )
        port = free_port()
        settings = {
            "port": str(port),
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "fsync": "off",  # it is thrown away
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with (folder / "log").open("wb") as log:
            running = subprocess.Popen(
                [server, "-D", str(cluster), *options],
                stdout=log,
                stderr=log,
                user=account,
                cwd=folder,
            )
        try:
            _wait_until_ready(port, running)
            yield port
        finally:
            running.send_signal(signal.SIGQUIT)  # nothing is kept
            running.wait(_SECONDS)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait_until_ready(port: int, running: subprocess.Popen[bytes]) -> None:
    call = ["pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port), "-t", "5"]
    for _ in range(_SECONDS):
        assert running.poll() is None, "PostgreSQL ended at once"
        if subprocess.run(call, timeout=_SECONDS).returncode == 0:
            return
        # refused at once, so that -t waited for nothing
        signal.sigtimedwait([], 0.2)
    pytest.fail("PostgreSQL did not answer")


@pytest.fixture(scope="session")
def birthplace(postgres_port: int, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """Give the database and the folder of a warehouse that is copied for each test."""
    database = Database(postgres_port, "birthplace")
    _psql(postgres_port, "postgres", f"CREATE DATABASE {database.name}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PGPASSWORD", _PASSWORD)
        layout = create_warehouse(tmp_path_factory.mktemp("birthplace") / "a", database.study())
    return database.name, layout.root


@pytest.fixture
def database(
    postgres_port: int, birthplace: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> Database:
    """Give a copy of a new catalogue, and the password where libpq looks for it."""
    monkeypatch.setenv("PGPASSWORD", _PASSWORD)
    name = f"db_{secrets.token_hex(4)}"
    _psql(postgres_port, "postgres", f"CREATE DATABASE {name} TEMPLATE {birthplace[0]}")
    return Database(postgres_port, name)


@pytest.fixture
def grown(database: Database, birthplace: tuple[str, Path], tmp_path: Path) -> Layout:
    """Give a new warehouse whose catalogue lies in the database."""
    layout = Layout(tmp_path / "grown")
    shutil.copytree(birthplace[1], layout.root)
    text = layout.study.read_text(encoding="utf-8")
    named = text.replace(f"dbname={birthplace[0]} ", f"dbname={database.name} ")
    layout.study.write_text(named, encoding="utf-8")
    return layout
