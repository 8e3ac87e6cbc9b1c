"""``benchmarks/operations.py`` prints the rows of the measurements that are there."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"

MEASURE = """
from operation_rows import Row

def measure(runs: int = 200) -> list[Row]:
    return [Row(f"{runs} kills", "0 | torn", "0", True), Row("x", "0", "1", runs < 3)]
"""


@pytest.fixture
def operations(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[ModuleType]:
    """The driver, beside one measurement and no other."""
    for name in ("operations.py", "operation_rows.py"):
        (tmp_path / name).write_bytes((BENCHMARKS / name).read_bytes())
    (tmp_path / "kills.py").write_text(MEASURE, encoding="utf-8")
    # other tests of this process may have imported the measurements themselves
    others = [place for place in sys.path if Path(place) != BENCHMARKS]
    monkeypatch.setattr(sys, "path", [str(tmp_path), *others])
    names = ("operations", "operation_rows", "kills", "crowd", "erasure", "ways_out", "deliveries")
    with pytest.MonkeyPatch.context() as patch:
        for name in names:
            patch.delitem(sys.modules, name, raising=False)
        yield import_module("operations")
        for name in names:
            sys.modules.pop(name, None)


def test_only_what_is_there_is_measured(operations: ModuleType) -> None:
    assert operations.present() == ["kills"]
    with pytest.raises(SystemExit):
        operations.main(["--only", "erasure"])


def test_the_table_says_what_holds(
    operations: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert operations.main([]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "| what | target | figure | holds |"
    assert lines[2:] == ["| 200 kills | 0 \\| torn | 0 | yes |", "| x | 0 | 1 | **no** |"]


def test_it_ends_well_where_all_hold_and_answers_a_program(
    operations: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert operations.main(["--only", "kills", "--runs", "2", "--json"]) == 0
    first, second = json.loads(capsys.readouterr().out)
    assert first == {"what": "2 kills", "target": "0 | torn", "figure": "0", "holds": True}
    assert second["holds"] is True
