from __future__ import annotations

from collections.abc import Callable

from roentgene.ingest.tables import StagedTables

Stage = Callable[..., StagedTables]
Told = Callable[[StagedTables], list[tuple[str, int | None, str | None]]]

TIMEPOINT = {"kind": "timepoint", "id": "id", "timepoint": "visit", "day": "day"}


def test_days_of_visits(stage: Stage) -> None:
    staged = stage(
        "id,visit,day\nP1,baseline,-2\nP1,followup,90\nP2,baseline,\nP2,followup,NA\n", TIMEPOINT
    )
    columns = ("patient_id", "timepoint_id", "study_day", "visit_order")
    assert staged.rows["study.timepoint"].select(columns).rows() == [
        ("P1", "baseline", -2, 0),
        ("P1", "followup", 90, 1),
        # declared for everybody
        ("P2", "baseline", 0, 0),
        ("P2", "followup", None, 1),
    ]
    assert staged.refusals == ()


def test_wrong_visits_and_days_are_refused(stage: Stage, told: Told) -> None:
    staged = stage(
        "id,visit,day\nP1,week 9,1\nP2,baseline,2019-03-04\nP3,baseline,x\nP4,baseline,0\n"
        "P4,baseline,1\nP5,baseline,3\nP5,baseline,3\nP6,baseline,-36526\nP7,baseline,-36525\n",
        TIMEPOINT,
    )
    assert told(staged) == [
        ("unknown_timepoint", 2, "visit"),
        ("looks_like_date", 3, "day"),
        ("out_of_range", 9, "day"),
        ("not_a_number", 4, "day"),
        ("conflicting_rows", 5, None),
        ("duplicate_row", 8, None),
    ]
    assert staged.rows["study.timepoint"]["patient_id"].to_list() == ["P5", "P7"]
    for refusal in staged.refusals:
        is_private = refusal.reason_code in {"looks_like_date", "out_of_range"}
        assert (refusal.content_hash is None) == is_private
        assert "2019" not in refusal.detail
        assert "3652" not in refusal.detail
