"""Exports of REDCap: raw and with labels, events, repeating forms, and what never comes in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from roentgene.ingest.tables import StagedTables

Stage = Callable[..., StagedTables]
Told = Callable[[StagedTables], list[tuple[str, int | None, str | None]]]

HEADER = (
    '"Variable / Field Name","Form Name","Section Header","Field Type","Field Label",'
    '"Choices, Calculations, OR Slider Labels","Field Note",'
    '"Text Validation Type OR Show Slider Number","Text Validation Min","Text Validation Max",'
    'Identifier?,"Branching Logic (Show field only if...)","Required Field?"\n'
)
FIELDS = (
    "record_id,demographics,,text,Record ID,,,,,,,,\n"
    "name,demographics,,text,Name of patient,,,,,,y,,\n"
    "birth,demographics,,text,Date of birth,,,date_dmy,,,,,\n"
    "mail,demographics,,text,E-mail,,,email,,,,,\n"
    'sex,demographics,,radio,<b>Sex</b>,"1, Male | 2, Female",,,,,,,\n'
    'race,demographics,,checkbox,Race,"1, White | -9, Not told",,,,,,,\n'
    "smoker,demographics,,yesno,Ever smoked,,,,,,,,\n"
    "letter,demographics,,file,Letter,,,,,,,,\n"
    "kps,visit,,text,KPS,,,integer,0,100,,,\n"
    "volume,visit,,text,Volume,,,number_comma_decimal,,,,,\n"
    'arms,visit,,dropdown,Arm,"a, Arm A, early | b, Arm B",,,,,,,\n'
    "tumour_mm,mri,,text,Diameter,,,number,,,,,\n"
)
DECLARED: dict[str, Any] = {
    "kind": "redcap",
    "dictionary": "d.csv",
    "rename": {"timepoint": {"base_arm_1": "baseline", "fu_arm_1": "followup"}},
    "repeats": {"mri": {1: "baseline", 2: "followup"}},
    "units": {"tumour_mm": "mm"},
}
SYSTEM = "record_id,redcap_event_name,redcap_repeat_instrument,redcap_repeat_instance"
RAW = (
    f"{SYSTEM},name,birth,mail,sex,race___1,race____9,smoker,letter,demographics_complete,"
    "kps,volume,arms,visit_complete,tumour_mm,mri_complete,redcap_survey_identifier,"
    "visit_timestamp\n"
    '1,base_arm_1,,,DOE,01-02-1950,d@x.org,1,1,0,1,l.pdf,2,90,"12,5",a,2,,,,\n'
    "1,fu_arm_1,,,,,,,0,0,,,0,80,,b,2,,,,\n"
    "1,base_arm_1,mri,1,,,,,,,,,,,,,,33.5,2,,\n"
    "1,base_arm_1,mri,2,,,,,,,,,,,,,,20,2,,\n"
    "1,base_arm_1,mri,3,,,,,,,,,,,,,,10,2,,\n"
    "2,base_arm_1,,,ROE,03-02-1950,r@x.org,3,0,1,0,,2,101,1.5,c,2,,,,\n"
)
LEFT_OUT = [
    ("declared_identifier", "redcap_survey_identifier"),
    ("declared_date", "visit_timestamp"),
    ("declared_identifier", "name"),
    ("declared_date", "birth"),
    ("declared_identifier", "mail"),
    ("declared_identifier", "letter"),
]


@pytest.fixture(autouse=True)
def dictionary(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text(HEADER + FIELDS, encoding="utf-8")


def cells(staged: StagedTables) -> dict[tuple[str, str | None, str], Any]:
    """Number, else text of every cell by patient, visit and variable."""
    return {
        (r["patient_id"], r["timepoint_id"], r["variable"]): r["value_number"]
        if r["value_number"] is not None
        else r["value_text"]
        for r in staged.rows["clinical.variable"].to_dicts()
    }


def test_a_raw_export(stage: Stage, told: Told) -> None:
    staged = stage(RAW, DECLARED)
    assert cells(staged) == {
        ("1", "baseline", "sex"): "Male",
        ("1", "baseline", "race___1"): 1.0,
        ("1", "baseline", "race____9"): 0.0,
        ("1", "baseline", "smoker"): 1.0,
        ("1", "baseline", "kps"): 90.0,
        ("1", "baseline", "volume"): 12.5,
        ("1", "baseline", "arms"): "Arm A, early",
        ("1", "baseline", "tumour_mm"): 33.5,
        # the form of the first event is empty here and says nothing; that of the visit is not
        ("1", "followup", "kps"): 80.0,
        ("1", "followup", "volume"): None,
        ("1", "followup", "arms"): "Arm B",
        ("1", "followup", "tumour_mm"): 20.0,
        ("2", "baseline", "race___1"): 0.0,
        ("2", "baseline", "race____9"): 1.0,
        ("2", "baseline", "smoker"): 0.0,
    }
    refused = told(staged)
    assert sorted((code, column) for code, _, column in refused if code.startswith("decl")) == (
        sorted(LEFT_OUT)
    )
    assert sorted(one for one in refused if not one[0].startswith("decl")) == [
        ("not_a_number", 7, "volume"),
        ("not_in_set", 7, "arms"),
        ("not_in_set", 7, "sex"),
        ("out_of_range", 7, "kps"),
        ("repeating_row", 6, "redcap_repeat_instance"),
    ]


def test_nobody_stands_in_what_is_stored_or_said(stage: Stage) -> None:
    staged = stage(RAW, DECLARED)
    said = [str(frame.rows()) for frame in staged.rows.values()]
    said += [refusal.line() for refusal in staged.refusals]
    for person in ("DOE", "1950", "x.org", "l.pdf"):
        assert not any(person in text for text in said)
    described = set(staged.rows["clinical.dictionary"]["variable"])
    assert not described & {"name", "birth", "mail", "letter", "record_id"}
    rows = {row["variable"]: row for row in staged.rows["clinical.dictionary"].to_dicts()}
    assert rows["sex"]["description"] == "Sex"
    assert rows["race___1"]["description"] == "Race: White"
    assert rows["tumour_mm"]["unit"] == "mm"


def test_an_export_with_labels(stage: Stage, told: Told) -> None:
    content = (
        "Record ID,Event Name,Name of patient,Sex,Race (choice=White),Race (choice=Not told),"
        "Ever smoked,KPS,Arm\n"
        '1,Baseline,DOE,Male,Checked,Unchecked,Yes,90,"Arm A, early"\n'
        "2,Baseline,ROE,Diverse,Unchecked,Unchecked,No,80,Arm B\n"
    )
    declared = DECLARED | {"labels": True, "rename": {"timepoint": {"Baseline": "baseline"}}}
    staged = stage(content, declared)
    assert cells(staged) == {
        ("1", "baseline", "sex"): "Male",
        ("1", "baseline", "race___1"): 1.0,
        ("1", "baseline", "race____9"): 0.0,
        ("1", "baseline", "smoker"): 1.0,
        ("1", "baseline", "kps"): 90.0,
        ("1", "baseline", "arms"): "Arm A, early",
        ("2", "baseline", "race___1"): 0.0,
        ("2", "baseline", "race____9"): 0.0,
        ("2", "baseline", "smoker"): 0.0,
        ("2", "baseline", "kps"): 80.0,
        ("2", "baseline", "arms"): "Arm B",
    }
    assert told(staged) == [("declared_identifier", None, "name"), ("not_in_set", 3, "sex")]


def test_a_project_without_events_has_values_of_patients(stage: Stage) -> None:
    declared = {"kind": "redcap", "dictionary": "d.csv", "patient": {"sex": "sex"}}
    staged = stage("record_id,sex,kps\n1,2,70\n", declared)
    assert cells(staged) == {("1", None, "kps"): 70.0}
    assert staged.rows["study.patient"]["sex"].to_list() == ["female"]


def test_a_dictionary_as_the_api_gives_it(stage: Stage, tmp_path: Path) -> None:
    api = (
        "field_name,form_name,field_type,field_label,select_choices_or_calculations,"
        "text_validation_type_or_show_slider_number,identifier\n"
        "record_id,f,text,ID,,,\nkps,f,text,KPS,,integer,\n"
    )
    (tmp_path / "d.csv").write_text(api, encoding="utf-8")
    staged = stage("record_id,kps\n1,70\n", {"kind": "redcap", "dictionary": "d.csv"})
    assert cells(staged) == {("1", None, "kps"): 70.0}


def test_what_is_no_dictionary_of_redcap_lets_nothing_in(
    stage: Stage, told: Told, tmp_path: Path
) -> None:
    (tmp_path / "d.csv").write_text("variable,type\nkps,number\n", encoding="utf-8")
    staged = stage("record_id,kps\n1,70\n", {"kind": "redcap", "dictionary": "d.csv"})
    assert staged.rows == {}
    assert told(staged) == [("dictionary_wrong", None, None)]


def test_only_the_fields_that_are_wanted(stage: Stage, told: Told) -> None:
    declared = DECLARED | {"variables": ["race", "kps", "weight"]}
    staged = stage(RAW, declared)
    assert {key[2] for key in cells(staged)} == {"race___1", "race____9", "kps"}
    assert ("missing_column", None, "weight") in told(staged)


def test_without_events_the_rows_that_do_not_repeat_are_the_patients(
    stage: Stage, told: Told
) -> None:
    staged = stage(
        "record_id,redcap_repeat_instrument,redcap_repeat_instance,kps,tumour_mm\n"
        "1,,,90,\n1,mri,1,,33.5\n1,mri,2,,20\n1,mri,3,,5\n",
        DECLARED,
    )
    assert cells(staged) == {
        ("1", None, "kps"): 90.0,
        ("1", "baseline", "tumour_mm"): 33.5,
        ("1", "followup", "tumour_mm"): 20.0,
    }
    assert told(staged) == [("repeating_row", 5, "redcap_repeat_instance")]
