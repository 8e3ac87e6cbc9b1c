"""Strangers' queries wait for a place, and a place never stays with the dead."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pytest

from roentgene.schemas.errors import WarehouseBusyError, WarehouseError
from roentgene.schemas.study import QueryLimits
from roentgene.warehouse.sandbox import run_sandboxed
from roentgene.warehouse.slots import SLOTS, slot

_HOLDER = """
import sys
from pathlib import Path
from roentgene.warehouse.slots import slot
with slot(Path(sys.argv[1]), 1, 0):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "analyst.duckdb"
    duckdb.connect(str(file)).close()
    return file


def test_places_are_as_many_as_asked_for(tmp_path: Path) -> None:
    with slot(tmp_path, 2, 0), slot(tmp_path, 2, 0):
        with pytest.raises(WarehouseBusyError, match="2 queries are running"), slot(tmp_path, 2, 0):
            pass
        with slot(tmp_path, 3, 0):
            pass
    with slot(tmp_path, 1, 0):
        pass


def test_a_place_dies_with_its_holder(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(tmp_path)],
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(WarehouseBusyError), slot(tmp_path, 1, 0):
            pass
        holder.kill()
        holder.wait()
        with slot(tmp_path, 1, 0):
            pass


def test_a_query_waits_until_its_deadline(file: Path) -> None:
    limits = QueryLimits(seconds=0.2, memory_mb=64, at_once=1)
    with slot(file.parent / SLOTS, 1, 0), pytest.raises(WarehouseBusyError, match="at_once"):
        run_sandboxed(file, "SELECT 1", limits)


def test_queries_take_turns(file: Path) -> None:
    limits = QueryLimits(seconds=60, memory_mb=64, at_once=1)
    with ThreadPoolExecutor(3) as pool:
        asked = [pool.submit(run_sandboxed, file, f"SELECT {n} AS n", limits) for n in range(3)]
        assert [answer.result().table.to_pydict() for answer in asked] == [
            {"n": [n]} for n in range(3)
        ]


def test_a_refused_query_leaves_its_place(file: Path) -> None:
    limits = QueryLimits(seconds=20, memory_mb=64, at_once=1)
    for _ in range(2):
        with pytest.raises(Exception, match="several statements"):
            run_sandboxed(file, "SELECT 1; SELECT 2", limits)


def test_a_folder_that_takes_no_lock_files_is_told(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(WarehouseError, match="cannot be made"), slot(tmp_path / "taken", 1, 0):
        pass
