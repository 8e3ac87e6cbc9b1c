from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from roentgene.ingest.tables import StagedTables

Stage = Callable[..., StagedTables]
Told = Callable[[StagedTables], list[tuple[str, int | None, str | None]]]

OUTCOME: dict[str, Any] = {
    "kind": "outcome",
    "id": "id",
    "endpoint": "OS",
    "time": "months",
    "time_unit": "months",
    "event": "status",
}
CODES = {"event_codes": {"0:LIVING": 0, "1:DECEASED": 1, "other cause": 2}}


def outcomes(staged: StagedTables) -> list[tuple[Any, ...]]:
    return staged.rows["clinical.outcome"].select("patient_id", "time_days", "event").rows()


def test_time_becomes_days_by_one_constant(stage: Stage) -> None:
    content = "id,months,status\nP1,12,1\nP2,0.5,0.0\nP3,NA,1\n"
    staged = stage(content, OUTCOME)
    assert outcomes(staged) == [("P1", 365.25, 1), ("P2", 15.21875, 0), ("P3", None, 1)]
    given = staged.rows["clinical.outcome"]["as_given"].to_list()
    assert given == ["12|1", "0.5|0.0", "NA|1"]
    in_days = stage(content, OUTCOME | {"time_unit": "days"})
    in_years = stage(content, OUTCOME | {"time_unit": "years"})
    assert outcomes(in_days)[0][1] == 12.0
    assert outcomes(in_years)[0][1] == 12 * 365.25


def test_the_anchor_is_the_day_zero_of_the_cohort_unless_declared(stage: Stage) -> None:
    content = "id,months,status\nP1,12,1\n"
    assert stage(content, OUTCOME).rows["clinical.outcome"]["start_anchor"][0] == "diagnosis"
    declared = stage(content, OUTCOME | {"anchor": "surgery"})
    assert declared.rows["clinical.outcome"]["start_anchor"][0] == "surgery"


def test_words_of_the_status_are_mapped_or_refused(stage: Stage, told: Told) -> None:
    content = "id,months,status\nP1,1,1:DECEASED \nP2,2,other cause\nP3,3,lost\nP4,4,1\n"
    staged = stage(content, OUTCOME | CODES)
    assert [row[::2] for row in outcomes(staged)] == [("P1", 1), ("P2", 2)]
    assert told(staged) == [("not_in_set", 4, "status"), ("not_in_set", 5, "status")]
    assert "'lost'" in staged.refusals[0].detail


def test_without_codes_only_0_and_1_are_a_status(stage: Stage, told: Told) -> None:
    staged = stage("id,months,status\nP1,1,2\nP2,1,True\nP3,1,0.5\nP4,1,\nP5,1,1\n", OUTCOME)
    assert [row[0] for row in outcomes(staged)] == ["P5"]
    assert sorted(told(staged), key=str) == [
        ("missing_value", 5, "status"),
        ("not_in_set", 2, "status"),
        ("not_in_set", 3, "status"),
        ("not_in_set", 4, "status"),
    ]


@pytest.mark.parametrize(
    ("time", "code"),
    [
        ("-3", "out_of_range"),
        ("soon", "not_a_number"),
        ("1,5", "not_a_number"),
        ("2019-03-04", "looks_like_date"),
        ("43528", "out_of_range"),
    ],
)
def test_a_time_that_is_none_keeps_the_row_out(
    stage: Stage, told: Told, time: str, code: str
) -> None:
    staged = stage(f'id,months,status\nP1,"{time}",1\nP2,0,0\n', OUTCOME | {"time_unit": "days"})
    assert told(staged) == [(code, 2, "months")]
    assert outcomes(staged) == [("P2", 0.0, 0)]


def test_dates_are_not_repeated_in_messages(stage: Stage) -> None:
    staged = stage("id,months,status\nP1,2019-03-04,1\nP2,1,2019-03-04\nP3,20190304,1\n", OUTCOME)
    assert len(staged.refusals) == 3
    assert not any("0304" in r.line().replace("-", "") for r in staged.refusals)


def test_duplicates_and_conflicts(stage: Stage, told: Told) -> None:
    staged = stage("id,months,status\nP1,1,0\nP1,1,0\nP2,1,0\nP2,1,1\nP3,1,0\n", OUTCOME)
    assert told(staged) == [("duplicate_row", 3, None), ("conflicting_rows", 4, None)]
    assert [row[0] for row in outcomes(staged)] == ["P1", "P3"]


@pytest.mark.realdata
def test_the_sarcoma_outcomes(stage: Stage, shared_data: Path) -> None:
    path = shared_data / "images" / "sts" / "outcome_dev14.csv"
    declared = {
        "kind": "outcome",
        "id": "patient_id",
        "endpoint": "lung_metastasis",
        "event": "lung_metastasis",
    }
    known = tuple(folder.name for folder in path.parent.glob("STS_*"))
    staged = stage(path, declared, known=known)
    assert staged.refusals == ()
    assert len(staged.id_match.matched) == 14
    assert staged.id_match.only_in_table == staged.id_match.only_in_cohort == ()
    events = staged.rows["clinical.outcome"].filter(event=1)
    assert events["patient_id"].to_list() == ["STS_006", "STS_018", "STS_032", "STS_050"]
    assert staged.rows["clinical.outcome"]["time_days"].null_count() == 14
    assert events.select("as_given", "source_row").row(0) == ("|1", 4)
    assert staged.rows["study.patient"].is_empty()
