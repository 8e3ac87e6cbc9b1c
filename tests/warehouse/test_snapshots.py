"""A number or a time means one snapshot; where that one is gone, nothing older stands in for it."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pyarrow as pa
import pytest

from roentgene.schemas.errors import FileError
from roentgene.warehouse.layout import Layout
from roentgene.warehouse.opening import open_warehouse
from roentgene.warehouse.snapshots import Snapshot, resolve

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
# 3 and 4 have expired
KNOWN = [
    Snapshot(number, NOON + timedelta(minutes=number), "ann", f"commit {number}")
    for number in (1, 2, 5, 6)
]
COHORTS = "SELECT cohort_id FROM study.cohort ORDER BY ALL"


@pytest.mark.parametrize("at", [1, "1", 5, "5", 6])
def test_a_number_means_its_snapshot(at: int | str) -> None:
    assert resolve(KNOWN, at) == int(at)


@pytest.mark.parametrize("at", [0, 3, "4", 7, -1])
def test_a_number_that_is_unknown_or_expired_is_refused(at: int | str) -> None:
    message = f"snapshot {at} does not exist or has expired" if at != -1 else "-1"
    with pytest.raises(FileError, match=message) as refused:
        resolve(KNOWN, at)
    assert refused.value.cure == "Choose a kept one between 1 and 6"
    assert refused.value.exit_code == 2


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-11-21T12:01:00Z", 1),  # the very moment of the commit counts
        ("2026-11-21T12:01:59.999999Z", 1),
        ("2026-11-21T12:02:00+00:00", 2),
        ("2026-11-21T12:05:30", 5),  # without a zone it is UTC
        ("2026-11-21T14:05:30+02:00", 5),
        ("2026-11-21T07:06:00-05:00", 6),
        ("2026-11-22", 6),
        ("2099-01-01", 6),
    ],
)
def test_a_time_means_what_was_current_then(at: str, expected: int) -> None:
    assert resolve(KNOWN, at) == expected


@pytest.mark.parametrize("at", ["2026-11-21T12:02:01Z", "2026-11-21T12:04:59Z"])
def test_a_time_whose_snapshot_has_expired_is_refused(at: str) -> None:
    # DuckLake would answer from snapshot 2
    with pytest.raises(FileError, match=f"the snapshot that was current at {at} has expired"):
        resolve(KNOWN, at)


@pytest.mark.parametrize("hours", [0, 9, -5])
def test_a_time_before_the_first_snapshot_is_refused(hours: int) -> None:
    # DuckDB gives times in the zone of its session; what is told is UTC all the same
    here = timezone(timedelta(hours=hours))
    known = [Snapshot(s.snapshot_id, s.committed_at.astimezone(here), None, None) for s in KNOWN]
    with pytest.raises(FileError, match="holds nothing as early as 2026-11-21") as refused:
        resolve(known, "2026-11-21")
    assert refused.value.cure == "The first snapshot that it keeps is of 2026-11-21T12:01:00Z"


@pytest.mark.parametrize("at", ["yesterday", "", "12:00", "2026-13-01", "1.5", "mart"])
def test_what_is_neither_a_number_nor_a_time_is_refused(at: str) -> None:
    message = re.escape(f"{at!r} is neither a snapshot number nor a time")
    with pytest.raises(FileError, match=message) as refused:
        resolve(KNOWN, at)
    assert "2026-11-21T10:00:00Z" in refused.value.cure


@pytest.fixture(scope="module")
def grown(
    made: Layout, tmp_path_factory: pytest.TempPathFactory, stage: Callable[..., pa.Table]
) -> Layout:
    """A warehouse into which A, B and C came one after the other, as snapshots 4, 5 and 6."""
    layout = Layout(tmp_path_factory.mktemp("grown") / "study")
    shutil.copytree(made.root, layout.root)
    with open_warehouse(layout.root, read_only=False) as warehouse:
        for cohort_id in "ABC":
            time.sleep(0.002)  # so that a time lies between any two of them
            with warehouse.transaction("ann", f"add {cohort_id}") as tx:
                tx.insert("study.cohort", stage("study.cohort", {"cohort_id": cohort_id}))
    return layout


def cohorts(layout: Layout, at: int | str) -> list[str]:
    with open_warehouse(layout.root, at=at) as warehouse:
        return [cohort_id for (cohort_id,) in warehouse.rows(COHORTS)]


@pytest.fixture(scope="module")
def found(grown: Layout) -> list[Snapshot]:
    with open_warehouse(grown.root) as warehouse:
        assert warehouse.snapshot_id == 6
        assert [cohort_id for (cohort_id,) in warehouse.rows(COHORTS)] == ["A", "B", "C"]
        return warehouse.snapshots()


def test_snapshots_say_when_and_by_whom_and_why(found: list[Snapshot]) -> None:
    assert [snapshot.snapshot_id for snapshot in found] == [0, 1, 3, 4, 5, 6]
    said = [(snapshot.author, snapshot.message) for snapshot in found[3:]]
    assert said == [("ann", "add A"), ("ann", "add B"), ("ann", "add C")]
    times = [snapshot.committed_at for snapshot in found]
    assert times == sorted(times)
    now = datetime.now(UTC)
    assert now - timedelta(hours=1) < times[-1] < now


def test_one_sees_what_was_known_then_by_number_and_by_time(
    grown: Layout, found: list[Snapshot]
) -> None:
    committed = found[4].committed_at
    assert cohorts(grown, 4) == ["A"]
    assert cohorts(grown, committed.isoformat()) == ["A", "B"]
    assert cohorts(grown, (committed - timedelta(microseconds=1)).isoformat()) == ["A"]


def test_an_expired_snapshot_is_refused_and_nothing_stands_in_for_it(
    grown: Layout, tmp_path: Path, digest: Callable[[Path], dict[str, str]]
) -> None:
    shutil.copytree(grown.root, tmp_path / "study")
    layout = Layout(tmp_path / "study")
    with open_warehouse(layout.root, read_only=False) as warehouse:
        then = warehouse.snapshots()[4].committed_at.isoformat()
        warehouse.connection.execute("CALL ducklake_expire_snapshots('lake', versions => [5])")
    whole = digest(layout.root)
    with pytest.raises(FileError, match="snapshot 5 does not exist or has expired"):
        open_warehouse(layout.root, at=5)
    with pytest.raises(FileError, match=re.escape(f"was current at {then} has expired")):
        open_warehouse(layout.root, at=then)
    assert digest(layout.root) == whole
