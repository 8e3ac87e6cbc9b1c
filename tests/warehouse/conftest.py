"""One warehouse is made per session; each test gets a copy of it, and processes to disturb it."""

from __future__ import annotations

import hashlib
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from roentgene.queries import render_database
from roentgene.schemas.study import Study
from roentgene.schemas.tables import Column, Table, table, tables
from roentgene.warehouse import lock
from roentgene.warehouse.layout import Layout
from roentgene.warehouse.opening import create_warehouse
from roentgene.warehouse.store import Warehouse

Start = Callable[..., subprocess.Popen[str]]
Stage = Callable[..., pa.Table]
Digest = Callable[..., dict[str, str]]

_NEUTRAL = {"VARCHAR": "-", "BOOLEAN": True, "DOUBLE": 0.5, "TIMESTAMP WITH TIME ZONE": 0}
_SECONDS_TO_DIE = 30
_FULL_ROWS = 24
_FULL_WORDS = {
    "profile": ("original",),
    "engine": ("pyradiomics",),
    "feature": ("f1", "f2", "f3"),
    "event_type": ("biopsy", "surgery", "rt_end"),
    "marker": ("IDH", "MGMT"),
    "hugo_symbol": ("IDH1", "TP53"),
    "batch_id": ("b1",),
    "source": ("image",),
    "value_scale": ("raw",),
    "analysis": ("stability", "association"),
    "name": ("site",),
    "cohort_id": ("A",),
    "patient_id": ("p1", "p2"),
    "person_id": ("P1", "P2"),
    "timepoint_id": ("t0", "t1", "t2"),
    "sequence": ("T1",),
    "region": ("GTV",),
    "lesion_id": ("1",),
    "rater_id": ("x", "y"),
    "status": ("ok",),
    "value_status": ("ok",),
}
_FULL_NUMBERS = {
    "measurement_id": range(1, _FULL_ROWS + 1),
    "feature_id": range(1, 4),
    "study_day": range(0, 90, 30),
    "visit_order": range(3),
    "repeat_no": range(1, 3),
}
# another SQLite client: it says 'ready' once it has the lock, and holds it for a while
_HOLDER = """
import sqlite3, sys, time
con = sqlite3.connect(sys.argv[1], isolation_level=None)
con.execute(sys.argv[2])
con.execute("SELECT * FROM ducklake_snapshot").fetchone()
print("ready", flush=True)
time.sleep(float(sys.argv[3]))
"""


@pytest.fixture(scope="session")
def birthplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the warehouse of all tests was made; it has moved away from there."""
    return tmp_path_factory.mktemp("birthplace") / "study"


@pytest.fixture(scope="session")
def made(birthplace: Path, tmp_path_factory: pytest.TempPathFactory) -> Layout:
    """The warehouse that all tests copy; nobody may write to it."""
    create_warehouse(birthplace, Study(name="study"))
    folder = tmp_path_factory.mktemp("made") / "study"
    shutil.move(birthplace, folder)
    return Layout(folder)


@pytest.fixture
def study(made: Layout, tmp_path: Path) -> Layout:
    """A new, empty warehouse of one's own."""
    shutil.copytree(made.root, tmp_path / "study")
    return Layout(tmp_path / "study")


@pytest.fixture(scope="session")
def stage() -> Stage:
    """Make rows of a table; required columns that a test does not name get a neutral value."""

    def rows_of(full_name: str, *rows: Mapping[str, Any]) -> pa.Table:
        declared = table(full_name)
        defaults = {
            c.name: _NEUTRAL.get(c.type, 1) if c.required else None for c in declared.columns
        }
        return pa.Table.from_pylist([defaults | dict(row) for row in rows], declared.arrow_schema)

    return rows_of


@pytest.fixture
def start() -> Iterator[Start]:
    """Run Python code in a process of its own, up to the line ``ready`` that it prints."""
    running: list[subprocess.Popen[str]] = []

    def run(code: str, *arguments: object, options: tuple[str, ...] = ()) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, *options, "-c", code, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process

    yield run
    for process in running:
        process.kill()
        process.communicate(timeout=_SECONDS_TO_DIE)


@pytest.fixture
def hold_catalogue(start: Start) -> Callable[..., subprocess.Popen[str]]:
    """Keep a lock of SQLite on a catalogue, as ``BEGIN``, ``BEGIN EXCLUSIVE`` … take it."""

    def hold(layout: Layout, statement: str, seconds: float = 60) -> subprocess.Popen[str]:
        # without site-packages it starts at once
        return start(_HOLDER, layout.catalogue, statement, seconds, options=("-I", "-S"))

    return hold


@pytest.fixture
def digest() -> Digest:
    """Say what a folder holds, byte for byte: each file's hash, and each folder."""

    def contents(folder: Path, *, folders: bool = True) -> dict[str, str]:
        return {
            str(path.relative_to(folder)): (
                hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
            )
            for path in sorted(folder.rglob("*"))
            if folders or path.is_file()
        }

    return contents


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch, hasty: None) -> None:
    """Give up soon where one waits half a minute."""
    monkeypatch.setattr(lock, "DEADLINE_SECONDS", 0.2)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let SQLite itself wait for next to nothing, so that all waiting is ours."""
    attach_lake = render_database.attach_lake

    def attach(*arguments: Any, **named: Any) -> str:
        statement = re.sub(r", META_BUSY_TIMEOUT \d+", "", attach_lake(*arguments, **named))
        return statement.removesuffix(")") + ", META_BUSY_TIMEOUT 50)"

    monkeypatch.setattr(render_database, "attach_lake", attach)


@pytest.fixture(scope="session")
def fill_every_table() -> Callable[[Warehouse], None]:
    """Fill every table with rows of few words, so that they meet each other in joins."""

    def fill(warehouse: Warehouse) -> None:
        chance = random.Random(1)  # noqa: S311 - test data, no secret
        made: dict[str, list[dict[str, Any]]] = {}
        with warehouse.transaction("ann", "rows of every table") as transaction:
            for declared in tables().values():
                # those are written from study.yaml, or by migrations
                of_itself = declared.schema == "study" and declared.written_by == "itself"
                if not of_itself and declared.full_name != "ops.migration":
                    rows = made[declared.full_name] = _rows_of(declared, chance, made)
                    staged = pa.Table.from_pylist(rows, declared.arrow_schema)
                    transaction.insert(declared.full_name, staged)

    return fill


def _rows_of(
    declared: Table, chance: random.Random, made: Mapping[str, list[dict[str, Any]]]
) -> list[dict[str, Any]]:
    """Random rows that refer to rows that are there; whatever must not repeat stands once."""
    found: list[dict[str, Any]] = []
    taken: set[tuple[Any, ...]] = set()
    for number in range(_FULL_ROWS):
        row = {c.name: _cell(declared, c, chance, number) for c in declared.columns}
        for reference in declared.references:
            parent = chance.choice(made[reference.table])
            agreeing = [
                p for p in made[reference.table] if p.get("patient_id") == row.get("patient_id")
            ]
            parent = chance.choice(agreeing or [parent])
            row |= {child: parent[name] for child, name in reference.columns.items()}
        keys = {(names, *(str(row[name]) for name in names)) for names in declared.unique_keys()}
        if not taken & keys:
            taken |= keys
            found.append(row)
    return found


def _cell(declared: Table, column: Column, chance: random.Random, number: int) -> Any:
    if not column.required and chance.random() < 0.2:
        return None
    if column.values:
        return chance.choice(column.values[: 1 if column.name.endswith("status") else 3])
    if column.type == "VARCHAR":
        return chance.choice(_FULL_WORDS.get(column.name, ("a", "b", "ä, 'ß\"")))
    if column.type == "VARCHAR[]":
        return chance.choice([[], ["a"], ["IDH1", "b, c"]])
    if column.type in ("BIGINT", "INTEGER"):
        if (column.name,) in declared.unique_keys():
            return number + 1
        return chance.choice(_FULL_NUMBERS.get(column.name, range(1, 4)))
    if column.type == "DOUBLE":
        return min(chance.choice((0.0, 0.1, 0.25, 1.0)), column.max or 1.0)
    if column.type == "BOOLEAN":
        return chance.random() < 0.8
    return datetime(2026, 1, chance.choice((1, 2)), tzinfo=UTC)
