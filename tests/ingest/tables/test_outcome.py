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
        ("1,5", "comma_in_number"),
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


CENSORED = OUTCOME | {
    "time": "died",
    "time_unit": "days",
    "censor_time": "seen",
    "event_codes": {"dead": 1, "alive": 0},
    "unknown": ["dead, unknown when"],
}
VISITS = {
    "id_pattern": "{patient_id}_{timepoint}",
    "rename": {"timepoint": {1: "baseline", 2: "followup"}},
}


def test_the_censored_have_their_time_in_another_column(stage: Stage, told: Told) -> None:
    content = (
        "id,died,seen,status\nP1,100,NA,dead\nP2,NA,200,alive\nP3,300,,alive\nP4,400,40,dead\n"
        'P5,,50,"dead, unknown when"\nP6,60,6,lost\n'
    )
    staged = stage(content, CENSORED)
    assert outcomes(staged) == [("P1", 100.0, 1), ("P2", 200.0, 0), ("P3", 300.0, 0),
                                ("P4", 400.0, 1)]  # fmt: skip
    assert told(staged) == [("outcome_unknown", 6, "status"), ("not_in_set", 7, "status")]
    given = staged.rows["clinical.outcome"]["as_given"].to_list()
    assert given[:2] == ["100|NA|dead", "NA|200|alive"]


def test_rows_of_two_visits_that_agree_are_one(stage: Stage) -> None:
    content = "id,died,seen,status\nP1_1,100,,dead\nP1_2,100,,dead\nP2_1,,,dead\nP2_2,70,,dead\n"
    staged = stage(content, CENSORED | VISITS)
    assert staged.refusals == ()
    assert outcomes(staged) == [("P1", 100.0, 1), ("P2", 70.0, 1)]
    assert staged.rows["clinical.outcome"]["choice"].null_count() == 2


@pytest.mark.parametrize(
    ("rule", "days"), [("first", 100.0), ("last", 90.0), ("shortest", 80.0), ("longest", 120.0)]
)
def test_rows_that_contradict_each_other_need_a_rule(
    stage: Stage, told: Told, rule: str, days: float
) -> None:
    timepoints = {"rename": {"timepoint": {"1": "baseline", "2": "followup"}}}
    # the later visit stands first in the file
    content = "id,died,seen,status\nP1_2,90,,dead\nP1_1,100,,dead\nP2_1,5,,dead\n"
    other = "id,v,died,seen,status\nP1,1,100,,dead\nP1,2,80,,dead\nP1,2,120,,dead\nP1,2,90,,dead\n"
    by_visit = stage(content, CENSORED | VISITS | timepoints)
    assert told(by_visit) == [("conflicting_rows", 2, None)]
    assert by_visit.refusals[0].subject == "P1"
    assert outcomes(by_visit) == [("P2", 5.0, 1)]
    staged = stage(other, CENSORED | {"several": rule})
    (row,) = staged.rows["clinical.outcome"].to_dicts()
    assert (row["time_days"], row["choice"]) == (days, rule)
    assert len(row["passed_over"].split("; ")) == 3
    if rule in {"first", "last"}:
        chosen = stage(content, CENSORED | VISITS | {"several": rule})
        assert outcomes(chosen)[-1 if rule == "last" else 0][0] in {"P1", "P2"}
        times = dict((row[0], row[1]) for row in outcomes(chosen))
        assert times["P1"] == (100.0 if rule == "first" else 90.0)


def test_a_declared_word_means_what_is_declared_though_it_may_be_missing_elsewhere(
    stage: Stage, told: Told
) -> None:
    declared = OUTCOME | {"event_codes": {"dead": 1, "NA": 0}, "unknown": ["Unknown"]}
    staged = stage("id,months,status\nP1,1,dead\nP2,NA,NA\nP3,2,Unknown\nP4,2,?\n", declared)
    assert outcomes(staged) == [("P1", 30.4375, 1), ("P2", None, 0)]
    assert sorted(told(staged)) == [
        ("missing_value", 5, "status"),
        ("outcome_unknown", 4, "status"),
    ]
