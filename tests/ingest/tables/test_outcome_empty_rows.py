"""Wide clinical tables: patients of whom nothing is known of an endpoint."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from roentgene.ingest.tables import StagedTables

Stage = Callable[..., StagedTables]
Told = Callable[[StagedTables], list[tuple[str, int | None, str | None]]]

CONTENT = "id,status,months\nP1,1:DECEASED,12\nP2,NA,NA\nP3,1:DECEASED,NA\nP4,NA,7\n"
OUTCOME: dict[str, Any] = {
    "kind": "outcome",
    "id": "id",
    "endpoint": "OS",
    "event": "status",
    "time": "months",
    "time_unit": "months",
    "event_codes": {"1:DECEASED": 1},
}


def test_rows_that_say_nothing_are_refused_unless_told(stage: Stage, told: Told) -> None:
    staged = stage(CONTENT, OUTCOME)
    assert told(staged) == [("missing_value", 3, "status"), ("missing_value", 5, "status")]


def test_rows_that_say_nothing_may_be_left_out_and_counted(stage: Stage, told: Told) -> None:
    staged = stage(CONTENT, {**OUTCOME, "empty_rows": "leave_out"})
    assert told(staged) == [
        ("outcome_not_available", None, "status"),
        ("missing_value", 5, "status"),
    ]
    assert staged.refusals[0].detail == "1 of 4 rows have neither a status nor a time"
    rows = staged.rows["clinical.outcome"].select("patient_id", "event", "time_days").rows()
    assert rows == [("P1", 1, 365.25), ("P3", 1, None)]
