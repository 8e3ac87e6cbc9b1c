"""Fixtures that every room's tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, settings

from roentgene.queries.render import literal
from roentgene.schemas.storage import Storage
from roentgene.warehouse import opening
from roentgene.warehouse.connection import connect, detach_if_attached
from roentgene.warehouse.id_key import KEY_VARIABLE
from roentgene.warehouse.layout import Layout

# how fast the machine is never decides whether a test passes
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")

DATA_VARIABLE = "ROENTGENE_TEST_DATA"
_WORKER = "PYTEST_XDIST_WORKER"
# what one opening would leave to the next: a limit that was asked for, and bytes of files, which
# tests damage and mend within a second
_FORGET = (
    "RESET memory_limit",
    "SET enable_external_file_cache = false",
    "RESET enable_external_file_cache",
)
DEFAULT_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def pytest_configure() -> None:
    """Give each of several workers a CPU of its own, and by it every library one thread.

    DuckDB, Polars, BLAS and ITK begin as many threads as they may use CPUs. Tests ask little of
    much: with as many workers as CPUs those threads only wait for each other.
    """
    worker = os.environ.get(_WORKER)
    if worker is not None and hasattr(os, "sched_setaffinity"):
        cpus = sorted(os.sched_getaffinity(0))
        number = int(worker.removeprefix("gw"))
        os.sched_setaffinity(0, {cpus[number % len(cpus)]})


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes minutes, so that no worker has it left over when the others end."""
    items.sort(key=lambda item: item.get_closest_marker("torture") is None)


@pytest.fixture(scope="session", autouse=True)
def lent_duckdb() -> Iterator[None]:
    """Let the openings of all tests in a process share what takes longest: a loaded DuckDB.

    DuckDB checks the signatures of its extensions whenever it loads them, most of a second of
    each opening, of which the tests have thousands. Each has a connection and the lake to itself,
    as each that one ``Opener`` opens. Processes that tests begin load their own, and so does
    whoever needs more than clear files in a folder.
    """
    idle: list[duckdb.DuckDBPyConnection] = []

    @contextmanager
    def lend(layout: Layout, storage: Storage) -> Iterator[duckdb.DuckDBPyConnection]:
        if storage != Storage():
            with connect(layout, storage) as con:
                yield con
            return
        database = idle.pop() if idle else connect(layout)
        try:
            with database.cursor() as con:
                con.execute(f"SET temp_directory = {literal(str(layout.spill))}")
                yield con
        finally:
            detach_if_attached(database)
        for statement in _FORGET:
            database.execute(statement)
        idle.append(database)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opening, "connect", lend)
        yield
    for database in idle:
        database.close()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real, licensed input; tests that need it are marked ``realdata``."""
    folder = Path(os.environ.get(DATA_VARIABLE, DEFAULT_DATA))
    if not (folder / "reference").is_dir():
        pytest.skip(f"no real data: set {DATA_VARIABLE} to the folder that holds it")
    return folder


@pytest.fixture
def key_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Key file outside the warehouse, by which ids are hashed and who withdrew is recognised."""
    path = tmp_path / "keys" / "id.key"
    path.parent.mkdir()
    path.write_bytes(bytes(range(40)))
    path.chmod(0o600)
    monkeypatch.setenv(KEY_VARIABLE, str(path))
    return path
