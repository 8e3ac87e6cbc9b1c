"""What people decide about refusals, and what the next run makes of it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from roentgene.ingest.decisions import Quarantined, choose, decide, quarantined
from roentgene.ingest.refusal import Refusal
from roentgene.schemas.errors import FileError
from roentgene.schemas.tables import table
from roentgene.warehouse.opening import open_warehouse
from roentgene.warehouse.store import Warehouse

OPEN, ALSO_OPEN, WAIVED, RETRIED, RESOLVED = "ab1", "ab2", "c", "d", "e"
MET_AT = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
DECIDED_AT = datetime(2026, 2, 3, tzinfo=UTC)


@pytest.fixture(scope="module")
def filled(empty_warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse with a refusal in each state."""
    folder = tmp_path_factory.mktemp("filled") / "study"
    shutil.copytree(empty_warehouse, folder)
    rows = [
        _row(OPEN, "open", row_number=7, column_name="age", content_hash="f00"),
        _row(ALSO_OPEN, "open"),
        _row(WAIVED, "waived"),
        _row(RETRIED, "retry"),
        _row(RESOLVED, "resolved"),
    ]
    with (
        open_warehouse(folder, read_only=False) as opened,
        opened.transaction("tester", "fill the quarantine") as transaction,
    ):
        transaction.insert("ops.quarantine", _arrow("ops.quarantine", rows))
        transaction.insert("ops.batch", _arrow("ops.batch", [_BATCH]))
    return folder


@pytest.fixture(scope="module")
def known(filled: Path) -> tuple[Quarantined, ...]:
    with open_warehouse(filled) as opened:
        return quarantined(opened)


@pytest.fixture
def warehouse(filled: Path, tmp_path: Path) -> Iterator[Warehouse]:
    """A copy of it, open for writing."""
    folder = Path(shutil.copytree(filled, tmp_path / "study"))
    with open_warehouse(folder, read_only=False) as opened:
        yield opened


_BATCH = {
    "batch_id": "b1",
    "cohort_id": "C",
    "author": "ann",
    "message": "first",
    "started_at": MET_AT,
    "committed_at": MET_AT,
    "code_version": "0",
    **dict.fromkeys(("n_measurements", "n_values", "n_table_rows", "n_refused"), 0),
}


def _row(refusal_id: str, state: str, **given: Any) -> dict[str, Any]:
    decided = (
        {} if state in {"open", "resolved"} else {"decided_by": "bob", "decision_reason": "so"}
    )
    return {
        "refusal_id": refusal_id,
        "cohort_id": "C",
        "batch_id": "b1",
        "stage": "staged",
        "reason_code": "full_mask" if refusal_id == ALSO_OPEN else "not_a_number",
        "subject": "P1",
        "file_path": "age.csv",
        "detail": "'old' is no number",
        "state": state,
        **({"decided_at": DECIDED_AT} if decided else {}),
        **decided,
        **given,
    }


def _arrow(name: str, rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, table(name).arrow_schema)


def _states(warehouse: Warehouse) -> dict[str, str]:
    return {one.refusal_id: one.state for one in quarantined(warehouse)}


def _stored(warehouse: Warehouse, refusal_id: str) -> Quarantined:
    return next(one for one in quarantined(warehouse) if one.refusal_id == refusal_id)


def test_the_quarantine_is_read_with_all_it_knows(known: tuple[Quarantined, ...]) -> None:
    by_id = {one.refusal_id: one for one in known}
    expected = Refusal(
        "staged",
        "not_a_number",
        "P1",
        "'old' is no number",
        file_path="age.csv",
        row_number=7,
        column_name="age",
        content_hash="f00",
    )
    assert by_id[OPEN] == Quarantined(OPEN, "C", "b1", MET_AT, expected, "open", None, None, None)
    waived = by_id[WAIVED]
    assert (waived.decided_by, waived.decided_at, waived.decision_reason) == (
        "bob",
        DECIDED_AT,
        "so",
    )


def test_a_waiver_is_written_with_author_time_and_reason(warehouse: Warehouse) -> None:
    begun = datetime.now(UTC)
    chosen = choose(quarantined(warehouse), [OPEN])
    assert decide(warehouse, chosen, "waived", " typed wrong ", author="ann") == chosen
    found = _stored(warehouse, OPEN)
    assert (found.state, found.decided_by, found.decision_reason) == (
        "waived",
        "ann",
        "typed wrong",
    )
    assert found.decided_at is not None
    assert begun <= found.decided_at <= datetime.now(UTC)
    # nothing else has changed
    assert (found.refusal, found.batch_id) == (chosen[0].refusal, "b1")
    assert _states(warehouse) == {
        OPEN: "waived",
        ALSO_OPEN: "open",
        WAIVED: "waived",
        RETRIED: "retry",
        RESOLVED: "resolved",
    }
    last = warehouse.snapshots()[-1]
    assert (last.author, last.message) == ("ann", "waive 1 refusal: typed wrong")


def test_a_retry_needs_no_reason_and_may_follow_a_waiver(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROENTGENE_AUTHOR", "carol")
    decide(warehouse, choose(quarantined(warehouse), [WAIVED, ALSO_OPEN]), "retry")
    for refusal_id in (WAIVED, ALSO_OPEN):
        found = _stored(warehouse, refusal_id)
        assert (found.state, found.decided_by, found.decision_reason) == ("retry", "carol", None)
    assert warehouse.snapshots()[-1].message == "retry 2 refusals"


def test_what_is_resolved_cannot_be_decided(warehouse: Warehouse) -> None:
    before = warehouse.snapshot_id
    chosen = choose(quarantined(warehouse), [OPEN, RESOLVED])
    for decision in ("waived", "retry"):
        with pytest.raises(FileError, match="refusal e is resolved"):
            decide(warehouse, chosen, decision, "no")  # type: ignore[arg-type]
    assert warehouse.snapshot_id == before


def test_the_statement_itself_leaves_what_is_resolved(warehouse: Warehouse) -> None:
    # between reading and deciding, a run may have resolved it
    stale = [_resolved_elsewhere(one) for one in choose(quarantined(warehouse), [RESOLVED])]
    decide(warehouse, stale, "waived", "too late")
    assert _stored(warehouse, RESOLVED).state == "resolved"


def _resolved_elsewhere(one: Quarantined) -> Quarantined:
    return Quarantined(**{**vars(one), "state": "open"})


def test_a_waiver_without_a_reason_is_refused(warehouse: Warehouse) -> None:
    chosen = choose(quarantined(warehouse), [OPEN])
    for reason in (None, "", "  "):
        with pytest.raises(FileError, match="needs a reason"):
            decide(warehouse, chosen, "waived", reason)
    assert _states(warehouse)[OPEN] == "open"


def test_the_same_decision_again_commits_nothing(warehouse: Warehouse) -> None:
    before = warehouse.snapshot_id
    chosen = choose(quarantined(warehouse), [WAIVED])
    assert decide(warehouse, chosen, "waived", "so") == ()
    assert warehouse.snapshot_id == before
    # another reason is another decision
    assert decide(warehouse, chosen, "waived", "something else") == chosen


def test_the_beginning_of_an_id_is_enough_if_it_fits_one(known: tuple[Quarantined, ...]) -> None:
    assert [one.refusal_id for one in choose(known, ["ab1"])] == [OPEN]
    with pytest.raises(FileError, match=r"'ab' fits 2 refusals: .*ab1"):
        choose(known, ["ab"])
    for unknown in ("zz", ""):
        with pytest.raises(FileError, match="there is no refusal"):
            choose(known, [unknown])
    with pytest.raises(FileError, match="no refusal is named"):
        choose(known)


def test_all_of_a_reason_leaves_out_what_is_resolved(known: tuple[Quarantined, ...]) -> None:
    assert {one.refusal_id for one in choose(known, all_of="not_a_number")} == {
        OPEN,
        WAIVED,
        RETRIED,
    }
    assert {one.refusal_id for one in choose(known, ["ab2"], "not_a_number")} >= {OPEN, ALSO_OPEN}
    with pytest.raises(FileError, match="nothing is refused as file_missing"):
        choose(known, all_of="file_missing")
    with pytest.raises(FileError, match="Did you mean 'file_missing'"):
        choose(known, all_of="file_mising")


@pytest.mark.slow
def test_a_run_works_again_on_what_is_to_be_retried_and_not_on_what_is_waived(
    delivery: Any,
) -> None:
    delivery.write_mask("P2", shift=5.0)
    first = delivery.ingest()
    assert [refusal.reason_code for refusal in first.new_refusals] == ["geometry_mismatch"]
    _decide(delivery.warehouse, "waived", "known")
    assert delivery.ingest().batch_id is None
    _decide(delivery.warehouse, "retry", None)
    again = delivery.ingest()
    assert again.new_refusals == ()
    # met again, so it waits for a decision again
    assert delivery.rows("SELECT state FROM ops.quarantine") == [("open",)]
    delivery.write_mask("P2")
    delivery.ingest()
    assert delivery.rows("SELECT state FROM ops.quarantine") == [("resolved",)]


def _decide(folder: Path, decision: Any, reason: str | None) -> None:
    with open_warehouse(folder, read_only=False) as warehouse:
        decide(warehouse, quarantined(warehouse), decision, reason)
