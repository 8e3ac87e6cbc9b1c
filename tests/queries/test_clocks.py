"""Days to anchors, what was known before an outcome, and persons whose cohorts have other zeros."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


def cohort(warehouse: Any, day_zero: str = "diagnosis", cohort_id: str = "C") -> None:
    warehouse.add("study.cohort", {"cohort_id": cohort_id, "day_zero": day_zero})


def event(warehouse: Any, name: str, day: int, patient: str = "p1") -> None:
    row = {"cohort_id": "C", "patient_id": patient, "event_type": name, "start_day": day}
    warehouse.add("clinical.event", row)


def outcome(warehouse: Any, anchor: str, days: float | None = 300.0, patient: str = "p1") -> None:
    row = {"cohort_id": "C", "patient_id": patient, "endpoint": "OS", "start_anchor": anchor}
    warehouse.add("clinical.outcome", row | {"time_days": days, "event": 1})


def days(warehouse: Any, anchor: str) -> dict[tuple[str, str, int | None], int | None]:
    rows = warehouse.rows("SELECT * FROM mart.days_to_anchor WHERE anchor = ?", anchor)
    return {(r["what"], r["name"], r["study_day"]): r["days_to_anchor"] for r in rows}


def guard(warehouse: Any) -> dict[str, str]:
    rows = warehouse.rows("SELECT * FROM mart.anchor_guard WHERE what = 'visit'")
    return {row["name"]: row["guard_status"] for row in rows}


def test_days_to_the_day_zero_and_to_the_first_event_of_a_kind(warehouse: Any) -> None:
    cohort(warehouse)
    warehouse.patients("p1")
    warehouse.visits({"t0": -3, "t1": 40, "t2": None})
    event(warehouse, "progression", 100)
    event(warehouse, "progression", 60)
    # what is called like the day zero is on day 0, whatever a file says
    event(warehouse, "diagnosis", 7)
    assert days(warehouse, "progression") == {
        ("visit", "t0", -3): 63,
        ("visit", "t1", 40): 20,
        ("visit", "t2", None): None,
        ("event", "progression", 60): 0,
        ("event", "progression", 100): -40,
        ("event", "diagnosis", 7): 53,
    }
    assert days(warehouse, "diagnosis")["visit", "t0", -3] == 3
    assert days(warehouse, "diagnosis")["event", "diagnosis", 7] == -7


def test_everything_with_a_day_is_on_the_time_line(warehouse: Any) -> None:
    cohort(warehouse)
    warehouse.patients("p1")
    warehouse.visits({"t0": 5})
    common = {"cohort_id": "C", "patient_id": "p1"}
    warehouse.add("clinical.treatment", common | {"treatment": "TMZ", "start_day": 20})
    warehouse.add("genomic.biomarker", common | {"marker": "IDH", "study_day": 9, "result": "x"})
    warehouse.add(
        "clinical.response",
        common | {"timepoint_id": "t0", "criteria": "RANO", "response": "PD"},
    )
    warehouse.add(
        "genomic.sample",
        common | {"sample_id": "s1", "collection_day": 2, "timepoint_id": "t0"},
        common | {"sample_id": "s2", "timepoint_id": "t0"},
        common | {"sample_id": "s3"},
    )
    # it has a day of its own, and its visit none
    warehouse.add(
        "clinical.response",
        common | {"timepoint_id": "t1", "criteria": "RANO", "response": "SD", "study_day": 33},
    )
    rows = warehouse.rows("SELECT what, name, study_day FROM mart.dated_row")
    assert {tuple(row.values()) for row in rows} == {
        ("visit", "t0", 5),
        ("treatment", "TMZ", 20),
        ("biomarker", "IDH", 9),
        ("response", "RANO", 5),
        ("response", "RANO", 33),
        ("sample", "s1", 2),
        ("sample", "s2", 5),
        ("sample", "s3", None),
    }


def test_what_came_after_the_anchor_predicts_nothing(warehouse: Any) -> None:
    cohort(warehouse)
    warehouse.patients("p1")
    warehouse.visits({"t0": -3, "t1": 0, "t2": 90, "t3": 301, "t4": None})
    outcome(warehouse, "diagnosis")
    assert guard(warehouse) == {
        "t0": "known",
        "t1": "known",
        "t2": "after_anchor",
        "t3": "after_end",
        "t4": "day_unknown",
    }
    rows = warehouse.rows("SELECT * FROM mart.known_before ORDER BY name")
    assert [(r["name"], r["days_before_anchor"], r["n_excluded"]) for r in rows] == [
        ("t0", 3, 3),
        ("t1", 0, 3),
    ]


def test_an_outcome_may_count_from_an_event(warehouse: Any) -> None:
    cohort(warehouse)
    warehouse.patients("p1", "p2")
    warehouse.visits({"t0": 0, "t1": 90})
    warehouse.visits({"t0": 0}, "p2")
    event(warehouse, "rt_end", 95)
    for patient in ("p1", "p2"):
        outcome(warehouse, "rt_end", None, patient)
    rows = warehouse.rows("SELECT * FROM mart.anchor_guard WHERE what = 'visit'")
    assert {(r["patient_id"], r["name"], r["guard_status"]) for r in rows} == {
        ("p1", "t0", "known"),
        ("p1", "t1", "known"),
        # who never had the event has no anchor, and is not taken for known
        ("p2", "t0", "anchor_unknown"),
    }


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    visits=st.lists(st.one_of(st.none(), st.integers(-50, 400)), min_size=1, max_size=5),
    anchor=st.integers(-50, 50),
    time=st.one_of(st.none(), st.integers(0, 300)),
)
def test_no_row_of_known_before_is_later_than_its_anchor(
    warehouse: Any, visits: list[int | None], anchor: int, time: int | None
) -> None:
    warehouse.con.execute("ROLLBACK")
    warehouse.con.execute("BEGIN TRANSACTION")
    warehouse._seen.clear()
    cohort(warehouse)
    warehouse.patients("p1")
    warehouse.visits({f"t{n}": day for n, day in enumerate(visits)})
    event(warehouse, "surgery", anchor)
    outcome(warehouse, "surgery", time)
    kept = warehouse.rows("SELECT * FROM mart.known_before WHERE what = 'visit'")
    wanted = [day for day in visits if day is not None and day <= anchor]
    assert sorted(row["study_day"] for row in kept) == sorted(wanted)
    assert {row["n_excluded"] for row in kept} <= {len(visits) - len(wanted)}


@pytest.mark.parametrize(
    ("person", "links", "expected"),
    [
        # q1 is a1 of A, whose day zero was ten days earlier
        ("A:a1", [("C", "q1", "A", "a1", 10)], 15),
        # the same, as a table of A says it
        ("A:a1", [("A", "a1", "C", "q1", -10)], 15),
        ("A:a1", [("C", "q1", "A", "a1", None)], None),
        # another link of the patient says nothing of this person
        ("A:a1", [("C", "q1", "B", "b1", 4)], None),
        ("C:q1", [], 5),
    ],
)
def test_cohorts_with_other_zeros_meet_over_a_stored_offset(
    warehouse: Any, person: str, links: list[tuple[Any, ...]], expected: int | None
) -> None:
    for cohort_id, patient, person_id in (("A", "a1", "A:a1"), ("C", "q1", person)):
        cohort(warehouse, cohort_id=cohort_id)
        row = {"cohort_id": cohort_id, "patient_id": patient}
        warehouse.add("study.patient", row | {"person_id": person_id})
        warehouse.add("study.timepoint", row | {"timepoint_id": "t0", "study_day": 5})
    names = ("cohort_id", "patient_id", "other_cohort_id", "other_patient_id", "zero_offset_days")
    for link in links:
        warehouse.add("study.person_link", dict(zip(names, link, strict=True)))
    rows = warehouse.rows("SELECT * FROM mart.person_day ORDER BY cohort_id")
    assert [row["person_day"] for row in rows] == [5, expected]
    assert {row["person_id"] for row in rows} == {"A:a1", person}


def test_ids_of_a_table_are_counted_on_both_sides(warehouse: Any) -> None:
    file = {"cohort_id": "C", "file_path": "a.csv", "kind": "clinical"}
    warehouse.add(
        "ops.source_file",
        file | {"n_ids": 190, "n_matched": 3, "proposed_rules": "[upper]"},
        file | {"file_path": "b.csv"},
    )
    unmatched = {"cohort_id": "C", "file_path": "a.csv"}
    warehouse.add(
        "ops.unmatched_id",
        *(unmatched | {"side": "cohort", "id": name} for name in ("x", "y")),
        unmatched | {"side": "table", "id": "z"},
    )
    first, second = warehouse.rows("SELECT * FROM mart.id_match ORDER BY file_path")
    assert (first["n_only_in_table"], first["n_only_in_cohort"]) == (187, 2)
    assert first["lost_part"] == pytest.approx(187 / 190)
    assert first["proposed_rules"] == "[upper]"
    assert (second["n_ids"], second["lost_part"], second["n_only_in_cohort"]) == (None, None, 0)
