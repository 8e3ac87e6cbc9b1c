"""``benchmarks/deliveries.py``: a year of deliveries holds what a single load holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pyarrow as pa
import pytest

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"


@pytest.fixture(scope="module")
def deliveries() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        import deliveries

        yield deliveries


@pytest.mark.parametrize(
    ("last", "slowest", "holds"),
    [(1.5, 1.1, [True, True]), (1.6, 1.1, [False, True]), (1.5, 1.2, [True, False])],
)
def test_the_last_month_and_the_slowest_read_decide(
    deliveries: ModuleType, last: float, slowest: float, holds: list[bool]
) -> None:
    def month(cpu_seconds: float) -> tuple[object, ...]:
        # by the clock the last delivery waited for others
        return tuple(deliveries.Taken(9 * cpu_seconds, cpu_seconds) for _ in range(3))

    reads = {"one feature": (0.9, 1.0, 9.0), "deltas": (slowest, slowest, 0.1)}
    year = deliveries.Year("3 x 3", (month(1.0), month(7.0), month(last)), reads)
    rows = year.rows()
    assert [row.holds for row in rows] == holds
    assert f"{last:.2f} x" in rows[0].figure
    assert f"at most {slowest:.2f} x (deltas)" in rows[1].figure


def test_a_year_that_lost_something_gives_no_figure(
    deliveries: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    taken = deliveries.Taken(1.0, 1.0)
    held = {"many": pa.table({"value": [1.0]}), "one": pa.table({"value": [1.0 + 2**-52]})}
    done: list[str] = []
    monkeypatch.setattr(deliveries, "create_warehouse", lambda *_: None)
    monkeypatch.setattr(deliveries, "_ingest", lambda *_: taken)
    monkeypatch.setattr(deliveries, "optimize", lambda folder: done.append(folder.name))
    monkeypatch.setattr(deliveries, "held", lambda folder: held[folder.name])
    with pytest.raises(RuntimeError, match="do not hold what a single load holds"):
        deliveries.live(tmp_path, 1, 1, 1, lambda _: None)
    assert done == ["many"]


@pytest.mark.slow
def test_batches_hold_what_a_single_load_holds(deliveries: ModuleType, tmp_path: Path) -> None:
    said: list[str] = []
    year = deliveries.live(tmp_path, 2, 2, 1, said.append)
    assert [len(month) for month in year.months] == [2, 2]
    assert {query: len(ratios) for query, ratios in year.reads.items()} == dict.fromkeys(
        deliveries.READS, 1
    )
    assert len(said) == 2 + len(deliveries.READS)
    many, one = (deliveries.held(tmp_path / name) for name in ("many", "one"))
    visits = [row for row in many.to_pylist() if row["timepoint_id"] is not None]
    # a batch is 20 new patients and 20 follow-ups
    assert len(visits) == 2 * 2 * 40 * deliveries.FEATURES
    assert many.equals(one)
