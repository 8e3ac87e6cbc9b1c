"""Three writers and two readers at once: nothing lost, nothing unsaid, nothing half."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
WELL = {
    "store": "SQLite",
    "landed": ("a0", "b0"),
    "refused": (),
    "stored": ("a0", "b0"),
    "n_reads": 5,
    "n_torn": 0,
    "n_waited": 0,
}


@pytest.fixture(scope="module")
def crowd() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        import crowd

        yield crowd


@pytest.mark.parametrize(
    ("changed", "holds"),
    [
        ({}, True),
        ({"refused": ("warehouse_busy: another process",)}, True),
        ({"stored": ("a0",)}, False),
        ({"stored": ("a0", "b0", "c0")}, False),
        ({"n_torn": 1}, False),
        ({"n_reads": 0}, False),
        ({"landed": (), "stored": ()}, False),
    ],
)
def test_what_was_lost_unsaid_or_torn_is_told(
    crowd: ModuleType, changed: dict[str, Any], holds: bool
) -> None:
    assert crowd.Crowd(**{**WELL, **changed}).row().holds == holds


@pytest.mark.torture
def test_a_crowd_at_one_warehouse(crowd: ModuleType) -> None:
    row = crowd.on_sqlite(3)
    assert row.holds, row
    # who waited too long has said so, on a machine that has other things to do
    assert "of 9 commits landed" in row.figure


def test_without_a_server_nothing_is_said_to_hold(
    crowd: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crowd.own_postgres, "lacking", lambda: "the programs of PostgreSQL")
    row = crowd.on_postgres(1)
    assert (row.holds, row.figure) == (False, "not measured: needs the programs of PostgreSQL")
