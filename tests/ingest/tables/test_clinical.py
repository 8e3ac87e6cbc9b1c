from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from roentgene.ingest.tables import StagedTables

Stage = Callable[..., StagedTables]
Told = Callable[[StagedTables], list[tuple[str, int | None, str | None]]]

CLINICAL: dict[str, Any] = {"kind": "clinical", "id": "id"}
PATIENT = {"patient": {"sex": "sex", "age_at_day_zero": "age", "site": "site"}}


def cells(staged: StagedTables) -> dict[tuple[str, str], tuple[Any, ...]]:
    """Cells by patient and variable."""
    rows = staged.rows["clinical.variable"].to_dicts()
    told = ("as_given", "value_number", "value_text", "value_status")
    return {(r["patient_id"], r["variable"]): tuple(r[name] for name in told) for r in rows}


def test_cells_are_kept_as_given_and_typed(stage: Stage) -> None:
    staged = stage(
        "id,grade,kps\nP1, II ,090\nP2,Not Available,1e2\nP3,,1;5\n",
        CLINICAL | {"units": {"kps": "percent"}},
    )
    assert cells(staged) == {
        ("P1", "grade"): (" II ", None, "II", "ok"),
        ("P1", "kps"): ("090", 90.0, None, "ok"),
        ("P2", "grade"): ("Not Available", None, None, "not_available"),
        ("P2", "kps"): ("1e2", 100.0, None, "ok"),
        ("P3", "grade"): (None, None, None, "not_available"),
        ("P3", "kps"): ("1;5", None, "1;5", "ok"),
    }
    units = staged.rows["clinical.variable"].select("variable", "unit").unique().rows()
    assert set(units) == {("grade", None), ("kps", "percent")}
    assert staged.rows["clinical.variable"]["source_row"].unique().sort().to_list() == [2, 3, 4]


@pytest.mark.parametrize("word", ["inf", "-Infinity", "1e999", "NaN?", "0x10", "1_000", "12 mm"])
def test_what_is_no_finite_number_is_text(stage: Stage, word: str) -> None:
    assert cells(stage(f"id,a\nP1,{word}\n", CLINICAL))["P1", "a"] == (word, None, word, "ok")


def test_missing_words_can_be_declared(stage: Stage) -> None:
    staged = stage("id,a\nP1,-999\nP2,NA\n", CLINICAL | {"missing": ["-999"]})
    assert cells(staged)["P1", "a"] == ("-999", None, None, "not_available")
    assert cells(staged)["P2", "a"] == ("NA", None, "NA", "ok")


def test_only_the_variables_that_are_declared_are_taken(stage: Stage, told: Told) -> None:
    staged = stage("id,a,b\nP1,1,2\n", CLINICAL | {"variables": ["b", "grade_"]})
    assert list(cells(staged)) == [("P1", "b")]
    assert told(staged) == [("missing_column", None, "grade_")]


def test_a_unit_for_a_column_that_is_not_there_is_told(stage: Stage) -> None:
    staged = stage("id,weight\nP1,70\n", CLINICAL | {"units": {"Weight": "kg"}})
    assert "did you mean 'weight'?" in staged.refusals[0].detail


@pytest.mark.parametrize(
    ("declared", "column"), [({"id": "patient"}, "patient"), ({"timepoint": "visit"}, "visit")]
)
def test_without_its_key_columns_the_table_is_refused(
    stage: Stage, told: Told, declared: dict[str, str], column: str
) -> None:
    staged = stage("id,a\nP1,1\n", CLINICAL | declared)
    assert told(staged) == [("missing_column", None, column)]
    assert staged.rows == {}


def test_the_sex_of_a_patient_is_taken_from_plain_words_only(stage: Stage, told: Told) -> None:
    staged = stage(
        "id,sex,age,site,a\nP1,F,40.5,North,1\nP2,male,121,,2\nP3,1,x,2020-01-02,3\nP4,NA,-1,,4\n",
        CLINICAL | PATIENT,
    )
    patients = staged.rows["study.patient"]
    assert patients.select("patient_id", "sex", "age_at_day_zero", "site").rows() == [
        ("P1", "female", 40.5, "North"),
        ("P2", "male", None, None),
        ("P3", None, None, None),
        ("P4", None, None, None),
    ]
    assert sorted(told(staged), key=str) == sorted(
        [
            ("not_in_set", 4, "sex"),
            ("not_a_number", 4, "age"),
            ("out_of_range", 3, "age"),
            ("out_of_range", 5, "age"),
            ("looks_like_date", 4, "site"),
        ],
        key=str,
    )
    assert set(cells(staged)) == {("P1", "a"), ("P2", "a"), ("P3", "a"), ("P4", "a")}


def test_a_known_patient_gets_a_row_only_if_something_is_said(stage: Stage) -> None:
    content = "id,sex,age,site,a\nP1,,,,1\nP2,m,,,1\n"
    staged = stage(content, CLINICAL | PATIENT, known=("P1", "P2"))
    assert staged.rows["study.patient"].select("patient_id", "sex").rows() == [("P2", "male")]


def test_visits_must_be_declared(stage: Stage, told: Told) -> None:
    staged = stage(
        "id,visit,a\nP1,baseline,1\nP1,followup,2\nP2,Baseline,3\nP3,,4\nP4,week 9,5\n",
        CLINICAL | {"timepoint": "visit"},
    )
    rows = staged.rows["clinical.variable"].select("patient_id", "timepoint_id", "value_number")
    assert rows.rows() == [("P1", "baseline", 1.0), ("P1", "followup", 2.0)]
    assert told(staged) == [
        ("missing_value", 5, "visit"),
        ("unknown_timepoint", 4, "visit"),
        ("unknown_timepoint", 6, "visit"),
    ]
    assert "did you mean 'baseline'?" in staged.refusals[1].detail
    assert "declared are baseline, followup" in staged.refusals[2].detail


def test_a_row_that_repeats_another_is_refused_and_names_both(stage: Stage, told: Told) -> None:
    staged = stage("id,a\nP1,1\nP2,2\nP1, 1\n", CLINICAL)
    assert told(staged) == [("duplicate_row", 4, None)]
    assert staged.refusals[0].detail == "line 4 repeats line 2 (P1)"
    assert set(cells(staged)) == {("P1", "a"), ("P2", "a")}


def test_of_rows_that_disagree_none_is_kept(stage: Stage, told: Told) -> None:
    staged = stage("id,a\nP1,1\nP2,2\nP1,3\nP1,1\n", CLINICAL)
    assert told(staged) == [("conflicting_rows", 2, None)]
    assert staged.refusals[0].detail == "lines 2, 4 and 5 disagree on P1"
    assert set(cells(staged)) == {("P2", "a")}


def test_a_patient_of_one_sex_at_one_visit_and_another_at_the_next_has_none(
    stage: Stage, told: Told
) -> None:
    staged = stage(
        "id,visit,sex,age,site,a\nP1,baseline,f,,,1\nP1,followup,m,,,2\nP2,baseline,f,,,3\n"
        "P2,followup,NA,,,4\n",
        CLINICAL | PATIENT | {"timepoint": "visit"},
    )
    assert staged.rows["study.patient"].select("patient_id", "sex").rows() == [
        ("P1", None),
        ("P2", "female"),
    ]
    assert told(staged) == [("conflicting_rows", 2, "sex"), ("conflicting_rows", 3, "sex")]
    assert staged.rows["clinical.variable"].height == 4


DATES = [
    ["2019-03-04", "2020-12-31"],
    ["3/4/2019", "12/31/2020"],
    ["04.03.2019", "31.12.2020"],
    ["04-Mar-2019", "31 December 2020"],
    ["Mar 4, 2019", "Dec 31st, 2020"],
    ["2019-03-04 10:22:00", "2020-12-31T23:00"],
    ["20190304", "20201231"],
    ["3/4/19", "12/31/20"],
    ["2019-03", "2020-12"],
    ["March 2019", "Dec 2020"],
]


@pytest.mark.parametrize("dates", DATES)
def test_a_column_of_dates_never_comes_in(stage: Stage, told: Told, dates: list[str]) -> None:
    content = f'id,seen,a\nP1,"{dates[0]}",1\nP2,NA,2\nP3,"{dates[1]}",3\n'
    staged = stage(content, CLINICAL)
    assert told(staged) == [("looks_like_date", None, "seen")]
    assert set(cells(staged)) == {("P1", "a"), ("P2", "a"), ("P3", "a")}
    (refusal,) = staged.refusals
    assert refusal.content_hash is None
    assert not any(date in refusal.line() for date in dates)


def test_a_column_that_is_mostly_dates_is_one_of_dates(stage: Stage, told: Told) -> None:
    content = "id,seen,a\nP1,2019-03-04,1\nP2,lost,2\nP3,2019-03-05,3\n"
    staged = stage(content, CLINICAL)
    assert told(staged) == [("looks_like_date", None, "seen")]
    assert set(cells(staged)) == {("P1", "a"), ("P2", "a"), ("P3", "a")}


def test_a_date_among_other_words_is_refused_alone(stage: Stage, told: Told) -> None:
    content = "id,note\nP1,stable\nP2,seen on 2019-03-04 again\nP3,grade 2\nP4,x\n"
    staged = stage(content, CLINICAL)
    assert told(staged) == [("looks_like_date", 3, "note")]
    assert "2019" not in staged.refusals[0].line()
    assert staged.refusals[0].content_hash is None
    assert set(cells(staged)) == {("P1", "note"), ("P3", "note"), ("P4", "note")}


@pytest.mark.parametrize(
    "words", [["1/2", "3/4"], ["20190304", "17"], ["1p/19q", "p.R132H"], ["1.2.3", "4-5"]]
)
def test_what_only_resembles_a_date_comes_in(stage: Stage, words: list[str]) -> None:
    staged = stage(f"id,a\nP1,{words[0]}\nP2,{words[1]}\n", CLINICAL)
    assert staged.refusals == ()
    assert len(cells(staged)) == 2


def test_a_column_without_a_name_is_a_row_number(stage: Stage) -> None:
    staged = stage(",id,a\n0,P1,5\n", CLINICAL)
    assert list(cells(staged)) == [("P1", "a")]
    assert staged.refusals == ()


def test_a_column_that_stands_twice_over_other_cells_is_refused(stage: Stage, told: Told) -> None:
    staged = stage("id,a,a,b\nP1,1,2,3\n", CLINICAL)
    assert told(staged) == [("conflicting_rows", 1, "a")]
    assert list(cells(staged)) == [("P1", "b")]


def test_a_table_of_ids_alone_registers_patients(stage: Stage) -> None:
    staged = stage("id\nP1\nP2\n", CLINICAL)
    assert staged.rows["study.patient"].height == 2
    assert staged.rows["clinical.variable"].is_empty()


def test_ragged_rows_stand_among_the_refusals(stage: Stage, told: Told) -> None:
    staged = stage("id,a\nP1,1\nP2\n", CLINICAL)
    assert told(staged) == [("ragged_row", 3, None)]


@pytest.mark.realdata
def test_the_upenn_table_comes_in_whole(stage: Stage, shared_data: Path) -> None:
    path = shared_data / "cohorts" / "upenn_gbm" / "UPENN-GBM_clinical_info_v2.1.csv"
    patient = {"sex": "Gender", "age_at_day_zero": "Age_at_scan_years"}
    staged = stage(path, {"kind": "clinical", "id": "ID", "patient": patient})
    assert staged.refusals == ()
    assert staged.rows["study.patient"].height == 671
    assert staged.rows["study.patient"]["sex"].null_count() == 0
    idh = {key[0]: cell for key, cell in cells(staged).items() if key[1] == "IDH1"}
    assert idh["UPENN-GBM-00001_11"] == ("Wildtype", None, "Wildtype", "ok")
    assert len(idh) == 671


def test_the_visit_may_stand_in_the_id(stage: Stage, told: Told) -> None:
    declared = CLINICAL | {
        "id_pattern": "{patient_id}_{timepoint}",
        "rename": {"timepoint": {11: "baseline", 21: "followup"}},
    }
    content = "id,kps\nU-1_11,90\nU-1_21,80\nU-2_11,70\nU-3_31,60\nU-4,50\n,40\n"
    staged = stage(content, declared)
    found = staged.rows["clinical.variable"].select("patient_id", "timepoint_id", "value_number")
    assert found.rows() == [
        ("U-1", "baseline", 90.0),
        ("U-1", "followup", 80.0),
        ("U-2", "baseline", 70.0),
    ]
    assert set(staged.rows["study.patient"]["patient_id"]) == {"U-1", "U-2"}
    assert told(staged) == [
        ("id_not_of_pattern", 6, "id"),
        ("missing_id", 7, "id"),
        ("unknown_timepoint", 5, "id"),
    ]


def test_only_the_patient_of_an_id_may_be_wanted(stage: Stage) -> None:
    staged = stage("id,kps\nU-1_11,90\n", CLINICAL | {"id_pattern": "{patient_id}_{scan}"})
    rows = staged.rows["clinical.variable"].select("patient_id", "timepoint_id", "variable")
    assert rows.rows() == [("U-1", None, "kps")]
