"""Kill -9 in ingest, compaction, erasure, release: whole before, whole after, and finished."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def kills() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        # as for who runs the file, the folder of the benchmarks is where it finds its neighbours
        patch.syspath_prepend(str(BENCHMARKS))
        import kills

        yield kills


def state(lake: str, file: str, n_rows: int = 1, **releases: str) -> dict[str, Any]:
    """A state in which one table says something."""
    stored = {"tables": {"t": lake}, "releases": releases}
    return {"lake": stored, "file": {"tables": {"t": file}}, "rows": n_rows}


@pytest.fixture
def torturer(kills: ModuleType, tmp_path: Path) -> object:
    made = kills.Torturer(tmp_path, 1)
    made._old = state("old", "old")
    return made


NEW = state("new", "new")


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (state("old", "old"), []),
        (state("new", "old"), []),
        (state("new", "new"), []),
        (state("half", "old"), ["torn: the lake is neither old nor new: lake t"]),
        (state("old", "half"), ["torn: the analyst's file is neither old nor new"]),
        (state("old", "old", a="whole", b="whole"), []),
        (state("old", "old", a="table.parquet"), ["torn: release a: table.parquet"]),
        ({"undo": "cut off", "file": state("", "old")["file"]}, []),
    ],
)
def test_what_is_neither_old_nor_new_is_torn(
    torturer: Any, left: dict[str, Any], words: list[str]
) -> None:
    assert torturer._torn(left, NEW) == words


@pytest.mark.parametrize(("n_rows", "word"), [(0, "lost"), (2, "double"), (1, "lost")])
def test_what_is_not_as_if_nothing_had_happened_is_told(
    torturer: Any, n_rows: int, word: str
) -> None:
    assert torturer._wrong(NEW, NEW) == []
    (fault,) = torturer._wrong(state("new", "x", n_rows), NEW)
    assert fault.startswith(f"{word}: {n_rows} rows instead of 1: file t")


def test_a_byte_of_who_was_erased_is_told(kills: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_text("of Invented-000", encoding="utf-8")
    (erase,) = [command for command in kills.COMMANDS if command.erased]
    assert kills._left_of(erase, tmp_path) == ["left: Invented-000 in log.txt"]
    (tmp_path / "log.txt").write_text("of Invented-001", encoding="utf-8")
    assert kills._left_of(erase, tmp_path) == []


def test_one_fault_is_enough(kills: ModuleType) -> None:
    well = kills.Killed("ingest", 0.1, "old", ())
    (row,) = kills.rows([well, well])
    assert row.holds
    assert row.figure == "0 torn, 0 lost, 0 double, 0 unfinished, 0 left; found: 2 old"
    (row,) = kills.rows([well, kills.Killed("ingest", 0.1, "old", ("double: 2 rows",))])
    assert not row.holds
    assert "1 double" in row.figure


@pytest.mark.torture
def test_kills_at_random_moments() -> None:
    command = [sys.executable, str(BENCHMARKS / "kills.py"), "--runs", "8", "--json"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (row,) = json.loads(done.stdout)
    assert row["holds"]
    assert "8 runs" in row["what"]
