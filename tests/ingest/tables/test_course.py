"""Treatments, responses, biomarkers, and days that a file writes as dates."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from roentgene.ingest.privacy import Privacy
from roentgene.ingest.tables import StagedTables, TableContext, stage_table
from roentgene.schemas.cohort import Cohort
from roentgene.warehouse.id_key import IdKey

Stage = Callable[..., StagedTables]
Told = Callable[[StagedTables], list[tuple[str, int | None, str | None]]]

TREATMENT: dict[str, Any] = {
    "kind": "treatment",
    "id": "id",
    "treatment": "{drug}",
    "treatment_codes": {"TMZ": "temozolomide"},
    "start_day": "start",
    "stop_day": "stop",
    "dose": "dose",
    "dose_unit": "{unit}",
    "fractions": "n",
}
RESPONSE: dict[str, Any] = {
    "kind": "response",
    "id": "id",
    "timepoint": "visit",
    "criteria": "RANO",
    "response": "word",
}
WIDE: dict[str, Any] = {
    "kind": "biomarker",
    "id": "id",
    "id_pattern": "{patient_id}_{timepoint}",
    "rename": {"timepoint": {11: "baseline", 21: "followup"}},
    "markers": {"IDH1": "IDH1", "MGMT": "MGMT status"},
}
ANCHORS = {"P1": date(2020, 2, 28), "P2": date(2019, 1, 1)}


def rows(staged: StagedTables, name: str, *columns: str) -> list[tuple[Any, ...]]:
    return staged.rows[name].select(columns).rows()


def test_treatments_with_their_days_and_doses(stage: Stage, told: Told) -> None:
    content = (
        "id,drug,start,stop,dose,unit,n\n"
        "P1,TMZ,42,84,6300,mg,\n"
        "P1,RT,42,83,60,Gy,30\n"
        "P2,RT,10,9,60,Gy,30\n"  # stops before it starts
        "P3,RT,NA,9,60,Gy,30\n"
        "P4,RT,1,,60,,0\n"  # no unit, no fraction
        "P5,,1,,,,\n"
    )
    staged = stage(content, TREATMENT)
    columns = ("patient_id", "treatment", "start_day", "stop_day", "dose", "dose_unit", "fractions")
    assert rows(staged, "clinical.treatment", *columns) == [
        ("P1", "temozolomide", 42, 84, 6300.0, "mg", None),
        ("P1", "RT", 42, 83, 60.0, "Gy", 30),
        ("P4", "RT", 1, None, None, None, None),
    ]
    assert sorted(told(staged), key=str) == [
        ("missing_value", 5, "start"),
        ("missing_value", 7, None),
        ("out_of_range", 4, "stop"),
        ("out_of_range", 6, "n"),
        ("unit_missing", 6, "dose"),
    ]


def test_a_treatment_may_be_the_same_for_all_rows(stage: Stage, told: Told) -> None:
    declared = {"kind": "treatment", "id": "id", "treatment": "surgery", "start_day": "day"}
    staged = stage("id,day\nP1,0\nP2,3\nP1,0\n", declared)
    found = rows(staged, "clinical.treatment", "patient_id", "treatment", "start_day")
    assert found == [("P1", "surgery", 0), ("P2", "surgery", 3)]
    assert told(staged) == [("duplicate_row", 4, None)]


@pytest.mark.parametrize(
    ("word", "response", "progression"),
    [
        ("CR", "CR", None),
        ("Partial Response", "PR", None),
        ("minor response", "MR", None),
        ("stable-disease", "SD", None),
        ("Progressive disease", "PD", None),
        ("not evaluable", "NE", None),
        ("iUPD", "PD", "unconfirmed"),
        ("iCPD", "PD", "confirmed"),
        ("iSD", "SD", None),
        ("Pseudoprogression", "NE", "pseudoprogression"),
        # what the cohort file says comes first
        ("gut", "PR", None),
    ],
)
def test_spellings_of_responses(
    stage: Stage, word: str, response: str, progression: str | None
) -> None:
    declared = RESPONSE | {"response_codes": {"gut": "PR"}}
    staged = stage(f"id,visit,word\nP1,followup,{word}\n", declared)
    columns = ("timepoint_id", "criteria", "response", "progression", "as_given")
    found = rows(staged, "clinical.response", *columns)
    assert found == [("followup", "RANO", response, progression, word)]


def test_a_declared_category_leaves_the_rest_of_the_word(stage: Stage) -> None:
    declared = RESPONSE | {"response_codes": {"PsP": "SD"}}
    staged = stage("id,visit,word\nP1,followup,PsP\n", declared)
    found = rows(staged, "clinical.response", "response", "progression")
    assert found == [("SD", "pseudoprogression")]


def test_unknown_words_of_response_are_refused_and_disagreeing_ones(
    stage: Stage, told: Told
) -> None:
    content = (
        "id,visit,word,day\nP1,baseline,SD,1\nP1,followup,better,2\nP2,followup,SD,3\n"
        "P2,followup,PD,3\nP3,followup,,4\nP4,week 9,SD,5\n"
    )
    staged = stage(content, RESPONSE | {"day": "day"})
    found = rows(staged, "clinical.response", "patient_id", "response", "study_day")
    assert found == [("P1", "SD", 1)]
    assert sorted(told(staged), key=str) == [
        ("conflicting_rows", 4, None),
        ("missing_value", 6, "word"),
        ("not_in_set", 3, "word"),
        ("unknown_timepoint", 7, "visit"),
    ]
    assert "response_codes" in next(r.detail for r in staged.refusals if "better" in r.detail)


MARKERS = (
    "id,IDH1,MGMT status\nP1_11,Wildtype,Methylated\nP1_21,NOS/NEC,NA\nP2_11,NA,Unmethylated\n"
    "P2_21,Mutated,Methylated\nP3_11,Mutated,Indeterminate\n"
)


def test_markers_of_two_visits_agree_or_need_a_rule(stage: Stage, told: Told) -> None:
    declared = WIDE | {"unknown": ["NOS/NEC", "Indeterminate"]}
    staged = stage(MARKERS, declared)
    columns = ("patient_id", "marker", "result", "as_given", "choice", "passed_over")
    assert rows(staged, "genomic.biomarker", *columns) == [
        ("P1", "IDH1", "Wildtype", "Wildtype", None, None),
        ("P1", "MGMT", "Methylated", "Methylated", None, None),
        ("P2", "IDH1", "Mutated", "Mutated", None, None),
        ("P3", "IDH1", "Mutated", "Mutated", None, None),
    ]
    assert told(staged) == [
        ("result_unknown", 3, "IDH1"),
        ("result_unknown", 6, "MGMT status"),
        ("conflicting_rows", 4, None),
    ]
    (conflict,) = (r for r in staged.refusals if r.reason_code == "conflicting_rows")
    assert conflict.subject == "P2"
    last = stage(MARKERS, declared | {"several": "last"})
    chosen = [row for row in rows(last, "genomic.biomarker", *columns) if row[4]]
    assert chosen == [("P2", "MGMT", "Methylated", "Methylated", "last", "Unmethylated")]
    # whoever has no result is a patient all the same
    assert set(staged.rows["study.patient"]["patient_id"]) == {"P1", "P2", "P3"}


def test_codes_of_results_are_closed(stage: Stage, told: Told) -> None:
    codes = {"result_codes": {"Wildtype": "WT", "Mutated": "MUT"}, "markers": {"IDH1": "IDH1"}}
    staged = stage(MARKERS, WIDE | codes)
    found = rows(staged, "genomic.biomarker", "patient_id", "result")
    assert found == [("P1", "WT"), ("P2", "MUT"), ("P3", "MUT")]
    assert told(staged) == [("not_in_set", 3, "IDH1")]


def test_long_results_with_method_and_day(stage: Stage, told: Told) -> None:
    declared = {
        "kind": "biomarker",
        "id": "id",
        "marker": "{test}",
        "result": "value",
        "method": "{how}",
        "day": "day",
    }
    content = "id,test,value,how,day\nP1,MGMT,meth,PSQ,3\nP1,MGMT,unmeth,MSP,3\nP1,,x,PSQ,1\n"
    staged = stage(content, declared)
    columns = ("marker", "method", "study_day", "result")
    assert rows(staged, "genomic.biomarker", *columns) == [
        ("MGMT", "PSQ", 3, "meth"),
        ("MGMT", "MSP", 3, "unmeth"),
    ]
    assert told(staged) == [("missing_value", 4, None)]


def test_dates_become_days_and_are_stored_nowhere(stage: Stage, told: Told) -> None:
    declared = {
        "kind": "event",
        "id": "id",
        "event_type": "what",
        "start_day": "when",
        "stop_day": "until",
        "dates": "DD.MM.YYYY",
    }
    content = (
        "id,what,when,until\nP1,surgery,01.03.2020,\nP2,rt,31.12.2018,02.01.2019\n"
        "P1,biopsy,2020-03-01,\nP9,surgery,01.03.2020,\nP2,mri,05.01.2019,04.01.2019\n"
    )
    staged = stage(content, declared, anchors=ANCHORS)
    columns = ("patient_id", "event_type", "start_day", "stop_day")
    assert rows(staged, "clinical.event", *columns) == [
        ("P1", "surgery", 2, None),
        ("P2", "rt", -1, 1),
    ]
    assert sorted(told(staged), key=str) == [
        ("anchor_missing", 5, "when"),
        ("not_a_date", 4, "when"),
        ("out_of_range", 6, "until"),
    ]
    assert not any("2020" in r.line() or "2019" in r.line() for r in staged.refusals)
    dated = [r for r in staged.refusals if r.reason_code != "out_of_range"]
    assert all(r.content_hash is None for r in dated)


def test_dates_of_an_outcome_are_counted_and_not_kept_as_given(stage: Stage, told: Told) -> None:
    declared = {
        "kind": "outcome",
        "id": "id",
        "endpoint": "OS",
        "event": "status",
        "event_codes": {"dead": 1, "alive": 0},
        "time": "died",
        "censor_time": ["seen", "called"],
        "dates": "YYYY-MM-DD",
    }
    content = (
        "id,died,seen,called,status\nP1,2020-03-28,,,dead\nP2,,,2019-02-01,alive\n"
        "P3,2020-01-01,,,dead\n"
    )
    staged = stage(content, declared, anchors=ANCHORS | {"P3": date(2020, 1, 2)})
    found = rows(staged, "clinical.outcome", "patient_id", "time_days", "event", "as_given")
    assert found == [("P1", 29.0, 1, "|dead"), ("P2", 31.0, 0, "|alive")]
    assert told(staged) == [("out_of_range", 4, "died")]


HASHED_TABLES: list[tuple[dict[str, Any], str]] = [
    (TREATMENT, "id,drug,start,stop,dose,unit,n\nID-77,RT,9,8,1,Gy,1\nID-77,RT,1,2,3,Gy,1\n"),
    (RESPONSE, "id,visit,word\nID-77,baseline,SD\nID-77,followup,better\n"),
    (WIDE | {"id_pattern": None, "rename": {}}, "id,IDH1,MGMT status\nID-77,WT,x\nID-77,MUT,x\n"),
    (
        {"kind": "outcome", "id": "id", "endpoint": "OS", "event": "e", "several": "last"},
        "id,e\nID-77,0\nID-77,1\nID-78,5\n",
    ),
]


@pytest.mark.parametrize(("declared", "content"), HASHED_TABLES)
def test_ids_that_are_to_be_hashed_stand_nowhere(
    tmp_path: Path, declared: dict[str, Any], content: str
) -> None:
    (tmp_path / "t.csv").write_text(content, encoding="utf-8")
    row = {"file": "t.csv", **declared, "normalise": ["keyed_hash"]}
    cohort = Cohort.model_validate(
        {
            "cohort_id": "C1",
            "title": "a cohort",
            "license": "CC0",
            "day_zero": "diagnosis",
            "timepoints": {"baseline": {"order": 0, "day": 0}, "followup": {"order": 1}},
            "tables": [row],
        }
    )
    key = IdKey(bytes(range(40)))
    context = TableContext(cohort, privacy=Privacy(key))
    staged = stage_table(cohort.tables[0], tmp_path / "t.csv", "t.csv", context)
    assert key.hashed("ID-77") in staged.rows["study.patient"]["patient_id"].to_list()
    said = [str(frame.rows()) for frame in staged.rows.values()]
    said += [refusal.line() for refusal in staged.refusals]
    assert len(said) > 2
    assert not any("ID-77" in text or "ID-78" in text for text in said)


def test_a_result_that_is_declared_unknown_is_counted_though_the_word_may_be_missing(
    stage: Stage, told: Told
) -> None:
    content = "id,IDH1,MGMT status\nP1_11,Unknown,NA\nP2_11,MUT,None\n"
    staged = stage(
        content, WIDE | {"unknown": ["Unknown"], "result_codes": {"MUT": "MUT", "None": "no"}}
    )
    assert rows(staged, "genomic.biomarker", "patient_id", "marker", "result") == [
        ("P2", "IDH1", "MUT"),
        ("P2", "MGMT", "no"),
    ]
    assert told(staged) == [("result_unknown", 2, "IDH1")]


def test_a_response_may_be_mapped_from_a_word_for_missing(stage: Stage) -> None:
    declared = RESPONSE | {"response_codes": {"NA": "NE"}}
    staged = stage("id,visit,word\nP1,baseline,NA\nP2,baseline,SD\n", declared)
    assert rows(staged, "clinical.response", "patient_id", "response") == [
        ("P1", "NE"),
        ("P2", "SD"),
    ]
