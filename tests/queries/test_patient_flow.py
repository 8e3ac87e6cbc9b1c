"""The flow of patients: how many are left at each step, and who is lost at which."""

from __future__ import annotations

from typing import Any

import pytest

from roentgene.schemas.patient_flow import FlowStep, expected_steps, flow_rows


def declare(warehouse: Any, *steps: dict[str, Any]) -> None:
    rows = flow_rows([FlowStep.model_validate(step) for step in steps])
    warehouse.add("study.flow_step", *({"cohort_id": "C", **row} for row in rows))


def variable(warehouse: Any, patient: str, name: str, word: str | None, visit: str | None) -> None:
    warehouse.patients(patient)
    status = "not_available" if word is None else "ok"
    row = {"cohort_id": "C", "patient_id": patient, "variable": name, "timepoint_id": visit}
    warehouse.add("clinical.variable", row | {"value_text": word, "value_status": status})


def flow(warehouse: Any) -> list[tuple[Any, ...]]:
    rows = warehouse.rows("SELECT * FROM mart.patient_flow ORDER BY step_no")
    return [(row["step"], row["n"], row["n_lost"], row["reason"]) for row in rows]


STEPS = (
    {"step": "baseline row", "has": "visit", "timepoint": "t0", "reason": "follow-up alone"},
    {"step": "features", "has": "features", "timepoint": "t0", "region": "GTV"},
    {"step": "MGMT", "has": "variable", "name": "MGMT", "among": ["M", "U"], "timepoint": "t0"},
)


def test_patients_are_counted_down_with_a_reason_for_each_step(warehouse: Any) -> None:
    declare(warehouse, *STEPS)
    for patient, word in (("p1", "M"), ("p2", "Indeterminate"), ("p3", None), ("p4", "U")):
        variable(warehouse, patient, "MGMT", word, "t0")
    variable(warehouse, "p5", "MGMT", "U", "t1")
    for patient in ("p1", "p2", "p3"):
        warehouse.measure({"Contrast": 1.0}, patient_id=patient)
    # neither another region, nor what failed, nor an older extraction
    warehouse.measure({"Contrast": 1.0}, patient_id="p4", region="WT")
    warehouse.measure(patient_id="p4", status="failed", extraction_id="f")
    warehouse.measure({"Contrast": 1.0}, patient_id="p4", current=False, extraction_id="old")
    assert flow(warehouse) == [
        ("in the cohort", 5, 0, None),
        ("baseline row", 4, 1, "follow-up alone"),
        ("features", 3, 1, "no features GTV at t0"),
        ("MGMT", 1, 2, "no variable MGMT among M, U at t0"),
    ]
    lost = warehouse.rows("SELECT * FROM mart.patient_lost ORDER BY patient_id")
    assert [(row["patient_id"], row["step_no"]) for row in lost] == [
        ("p1", None),
        ("p2", 3),
        ("p3", 3),
        ("p4", 2),
        ("p5", 1),
    ]


@pytest.mark.parametrize(
    ("step", "table", "row", "other"),
    [
        (
            {"has": "outcome", "name": "OS", "among": ["1"]},
            "clinical.outcome",
            {"endpoint": "OS", "event": 1, "start_anchor": "diagnosis"},
            {"event": 0},
        ),
        (
            {"has": "event", "name": "surgery"},
            "clinical.event",
            {"event_type": "surgery", "start_day": 0},
            {"event_type": "biopsy"},
        ),
        (
            {"has": "treatment", "name": "TMZ"},
            "clinical.treatment",
            {"treatment": "TMZ", "start_day": 0},
            {"treatment": "RT"},
        ),
        (
            {"has": "response", "name": "RANO", "among": ["CR", "PR"]},
            "clinical.response",
            {"criteria": "RANO", "response": "PR", "timepoint_id": "t1"},
            {"response": "PD"},
        ),
        (
            {"has": "dose", "timepoint": "t0"},
            "imaging.dose",
            {"dose_id": "a", "timepoint_id": "t0", "series_id": "s"},
            {"dose_id": "b", "series_id": None},
        ),
        (
            {"has": "biomarker", "name": "IDH"},
            "genomic.biomarker",
            {"marker": "IDH", "result": "mutant"},
            {"marker": "MGMT"},
        ),
    ],
)
def test_what_a_patient_can_be_asked_for(
    warehouse: Any, step: dict[str, Any], table: str, row: dict[str, Any], other: dict[str, Any]
) -> None:
    declare(warehouse, {"step": "asked", **step})
    warehouse.patients("p1", "p2", "p3")
    common = {"cohort_id": "C"}
    warehouse.add(table, common | row | {"patient_id": "p1"})
    warehouse.add(table, common | row | other | {"patient_id": "p2"})
    assert [(n, lost) for _, n, lost, _ in flow(warehouse)] == [(3, 0), (1, 2)]


def test_samples_and_assays_are_those_of_the_patient(warehouse: Any) -> None:
    declare(
        warehouse,
        {"step": "a specimen", "has": "sample"},
        {"step": "RNA", "has": "assay", "name": "expression"},
    )
    warehouse.patients("p1", "p2", "p3")
    for sample, patient, assay in (("s1", "p1", "expression"), ("s2", "p2", "mutation")):
        row = {"cohort_id": "C", "sample_id": sample}
        warehouse.add("genomic.sample", row | {"patient_id": patient})
        warehouse.add("genomic.assay", row | {"assay": assay, "all_genes": True})
    assert [n for _, n, _, _ in flow(warehouse)] == [3, 2, 1]


def test_a_cohort_without_steps_says_how_many_it_has(warehouse: Any) -> None:
    warehouse.patients("p1", "p2")
    warehouse.patients("q1", cohort_id="D")
    rows = warehouse.rows("SELECT cohort_id, step_no, n FROM mart.patient_flow ORDER BY cohort_id")
    assert [tuple(row.values()) for row in rows] == [("C", 0, 2), ("D", 0, 1)]


def test_steps_are_made_of_what_is_expected_where_none_are_declared() -> None:
    steps = expected_steps(["t0"], ["clinical", "expression", "outcome"], measured=True)
    assert [(s.has, s.name, s.timepoint, s.why_lost) for s in steps] == [
        ("features", None, "t0", "no features at t0"),
        ("variable", None, None, "no variable"),
        ("assay", "expression", None, "no assay expression"),
        ("outcome", None, None, "no outcome"),
    ]
    (dose,) = expected_steps([], ["dose"], measured=False)
    assert (dose.has, dose.name) == ("dose", None)
    assert [s.step for s in expected_steps([], [], measured=True)] == ["features"]
    assert expected_steps([], [], measured=False) == ()


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ({"has": "variable", "among": ["x"]}, "say by 'name' which it is"),
        ({"has": "visit", "name": "t0"}, "'name' is not for visit"),
        ({"has": "event", "name": "surgery", "among": ["x"]}, "'among' is not for event"),
        ({"has": "outcome", "timepoint": "t0"}, "belongs to the patient"),
        ({"has": "variable", "name": "MGMT", "region": "GTV"}, "'region' is for features"),
    ],
)
def test_steps_that_cannot_be_meant(step: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        FlowStep.model_validate({"step": "one", **step})
