"""Three writers and two readers at a catalogue in PostgreSQL, by the table of operations."""

from __future__ import annotations

from pathlib import Path

import pytest

pytestmark = pytest.mark.extras
BENCHMARKS = Path(__file__).resolve().parents[3] / "benchmarks"


@pytest.mark.usefixtures("postgres_port")
def test_a_crowd_at_one_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    monkeypatch.setenv("PGPASSWORD", "is set by the crowd")
    import crowd

    row = crowd.on_postgres(3)
    assert row.holds, row
    # who waited too long has said so, on a machine that has other things to do
    assert "of 9 commits landed" in row.figure
