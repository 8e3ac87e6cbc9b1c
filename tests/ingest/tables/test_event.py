from __future__ import annotations

from collections.abc import Callable

from roentgene.ingest.tables import StagedTables

Stage = Callable[..., StagedTables]
Told = Callable[[StagedTables], list[tuple[str, int | None, str | None]]]

EVENT = {
    "kind": "event",
    "id": "id",
    "event_type": "what",
    "start_day": "start",
    "stop_day": "stop",
    "detail": "note",
}
HEADER = "id,what,start,stop,note\n"


def test_a_time_line(stage: Stage) -> None:
    staged = stage(HEADER + "P1,surgery,-14,,gross total\nP1,rt,10,52,\n", EVENT)
    columns = ("patient_id", "event_type", "start_day", "stop_day", "detail")
    assert staged.rows["clinical.event"].select(columns).rows() == [
        ("P1", "surgery", -14, None, "gross total"),
        ("P1", "rt", 10, 52, None),
    ]
    assert staged.refusals == ()


def test_an_event_needs_only_its_type_and_day(stage: Stage, told: Told) -> None:
    declared = {key: EVENT[key] for key in ("kind", "id", "event_type", "start_day")}
    staged = stage("id,what,start\nP1,surgery,1\nP1,surgery,1\n", declared)
    assert told(staged) == [("duplicate_row", 3, None)]
    assert staged.rows["clinical.event"].height == 1


def test_wrong_rows_are_refused_by_their_line(stage: Stage, told: Told) -> None:
    staged = stage(
        HEADER
        + "P1,,1,,\nP1,rt,,,\nP1,rt,2019-03-04,,\nP1,rt,5,3,\nP1,rt,6.5,,\n"
        + "P1,rt of 3/4/2019,1,,\nP2,rt,1,2019-03-04,on 04.03.2019\n"
        + "P3,rt,1,2,\nP3,rt,1,3,\n",
        EVENT,
    )
    assert sorted(told(staged), key=str) == [
        ("conflicting_rows", 9, None),
        ("looks_like_date", 4, "start"),
        ("looks_like_date", 7, "what"),
        ("looks_like_date", 8, "note"),
        ("looks_like_date", 8, "stop"),
        ("missing_value", 2, "what"),
        ("missing_value", 3, "start"),
        ("not_a_number", 6, "start"),
        ("out_of_range", 5, "stop"),
    ]
    (event,) = staged.rows["clinical.event"].to_dicts()
    assert (event["patient_id"], event["stop_day"], event["detail"]) == ("P2", None, None)
