"""Clinical tables with a data dictionary: cells are checked against it, codes become words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from roentgene.ingest.tables import StagedTables

Stage = Callable[..., StagedTables]
Told = Callable[[StagedTables], list[tuple[str, int | None, str | None]]]

CLINICAL: dict[str, Any] = {"kind": "clinical", "id": "id"}
INLINE: dict[str, Any] = {
    "sex": {"type": "category", "codes": {1: "male", 2: "female"}, "description": "sex at birth"},
    "kps": {"type": "integer", "unit": "percent", "minimum": 0, "maximum": 100, "missing": [-9]},
    "grade": {"type": "text"},
    "resected": {"type": "boolean"},
    "alive": {"type": "boolean", "codes": {"J": True, "N": False}},
    "volume": {"type": "number", "unit": "mm3", "decimal": ","},
    "mrn": {"type": "identifier"},
    "seen": {"type": "date"},
}
CSV = (
    "variable,type,unit,codes,missing,minimum,maximum,decimal,description\n"
    "sex,category,,1=male; 2=female,,,,,sex at birth\n"
    "kps,integer,percent,,-9,0,100,,\n"
    "grade,text,,,,,,,\nresected,boolean,,,,,,,\nalive,boolean,,J=true|N=false,,,,,\n"
    'volume,number,mm3,,,,,",",\nmrn,identifier,,,,,,,\nseen,date,,,,,,,\n'
)
YAML = """
variables:
  sex: {type: category, codes: {1: male, 2: female}, description: sex at birth}
  kps: {type: integer, unit: percent, minimum: 0, maximum: 100, missing: [-9]}
  grade: {type: text}
  resected: {type: boolean}
  alive: {type: boolean, codes: {J: true, "N": false}}
  volume: {type: number, unit: mm3, decimal: ","}
  mrn: {type: identifier}
  seen: {type: date}
"""
TABLE = (
    "id;sex;kps;grade;resected;alive;volume;mrn;seen\n"
    "P1;1;90;2;Yes;J;1234,5;1001;2019-03-04\n"
    "P2;2;-9;3;0;N;12;1002;2019-03-05\n"
    "P3;3;95,5;NA;maybe;J;1.234,5;1003;2019-03-06\n"
    "P4;NA;101;4;;nein;x;1004;2019-03-07\n"
    "P5;1;80.5;4;no;N;7,0;1005;2019-03-08\n"
)


def typed(staged: StagedTables) -> dict[tuple[str, str], tuple[Any, ...]]:
    rows = staged.rows["clinical.variable"].to_dicts()
    told = ("value_number", "value_text", "value_status", "unit")
    return {(r["patient_id"], r["variable"]): tuple(r[name] for name in told) for r in rows}


@pytest.mark.parametrize("form", ["inline", "d.csv", "d.yaml"])
def test_cells_are_checked_and_typed(stage: Stage, told: Told, tmp_path: Path, form: str) -> None:
    (tmp_path / "d.csv").write_text(CSV, encoding="utf-8")
    (tmp_path / "d.yaml").write_text(YAML, encoding="utf-8")
    declared = CLINICAL | {"dictionary": INLINE if form == "inline" else form}
    staged = stage(TABLE, declared)
    found = typed(staged)
    assert {key: value for key, value in found.items() if key[0] in {"P1", "P2"}} == {
        ("P1", "sex"): (None, "male", "ok", None),
        ("P1", "kps"): (90.0, None, "ok", "percent"),
        ("P1", "grade"): (None, "2", "ok", None),
        ("P1", "resected"): (1.0, None, "ok", None),
        ("P1", "alive"): (1.0, None, "ok", None),
        ("P1", "volume"): (1234.5, None, "ok", "mm3"),
        ("P2", "sex"): (None, "female", "ok", None),
        ("P2", "kps"): (None, None, "not_available", "percent"),
        ("P2", "grade"): (None, "3", "ok", None),
        ("P2", "resected"): (0.0, None, "ok", None),
        ("P2", "alive"): (0.0, None, "ok", None),
        ("P2", "volume"): (12.0, None, "ok", "mm3"),
    }
    assert sorted(told(staged), key=str) == [
        ("comma_in_number", 4, "kps"),
        ("declared_date", None, "seen"),
        ("declared_identifier", None, "mrn"),
        ("not_a_number", 4, "volume"),
        ("not_a_number", 5, "volume"),
        ("not_a_number", 6, "kps"),
        ("not_in_set", 4, "resected"),
        ("not_in_set", 4, "sex"),
        ("not_in_set", 5, "alive"),
        ("out_of_range", 5, "kps"),
    ]
    detail = next(r.detail for r in staged.refusals if r.reason_code == "out_of_range")
    assert detail == "101 where at least 0 and at most 100 is allowed"
    volume = next(
        r.detail for r in staged.refusals if r.row_number == 5 and "no number" in r.detail
    )
    assert volume == "'x' is no number"
    assert any(r.detail == "'1.234,5' is no number" for r in staged.refusals)
    assert found["P3", "grade"] == (None, None, "not_available", None)
    assert ("P3", "sex") not in found
    assert not any("2019" in str(row) for row in staged.rows["clinical.variable"].rows())


def test_the_dictionary_is_stored_without_what_is_left_out(stage: Stage) -> None:
    staged = stage(TABLE, CLINICAL | {"dictionary": INLINE, "units": {"kps": "percent"}})
    rows = {row["variable"]: row for row in staged.rows["clinical.dictionary"].to_dicts()}
    assert set(rows) == {"sex", "kps", "grade", "resected", "alive", "volume"}
    assert rows["sex"]["codes"] == ["1 = male", "2 = female"]
    assert rows["sex"]["description"] == "sex at birth"
    assert (rows["kps"]["minimum"], rows["kps"]["maximum"]) == (0.0, 100.0)
    assert (rows["kps"]["missing"], rows["kps"]["unit"]) == (["-9"], "percent")


def test_codes_tell_the_sex_of_a_patient(stage: Stage) -> None:
    declared = CLINICAL | {"dictionary": {"sex": INLINE["sex"]}, "patient": {"sex": "sex"}}
    staged = stage("id,sex\nP1,1\nP2,2\n", declared)
    assert staged.rows["study.patient"]["sex"].to_list() == ["male", "female"]


def test_a_column_that_the_dictionary_lacks_is_taken_with_a_warning(
    stage: Stage, told: Told
) -> None:
    staged = stage(
        "id,grade,other\nP1,2,3\n", CLINICAL | {"dictionary": {"grade": INLINE["grade"]}}
    )
    assert typed(staged)["P1", "other"] == (3.0, None, "ok", None)
    assert told(staged) == [("not_in_dictionary", None, "other")]
    assert staged.refusals[0].severity == "warning"


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (None, "there is no such file"),
        ("variable,kind\na,text\n", "no column 'type'"),
    ],
)
def test_without_its_dictionary_nothing_comes_in(
    stage: Stage, told: Told, tmp_path: Path, content: str | None, detail: str
) -> None:
    if content is not None:
        (tmp_path / "d.csv").write_text(content, encoding="utf-8")
    staged = stage("id,a\nP1,1\n", CLINICAL | {"dictionary": "d.csv"})
    assert staged.rows == {}
    assert told(staged) == [("dictionary_wrong", None, None)]
    assert detail in staged.refusals[0].detail
    assert str(tmp_path) not in staged.refusals[0].line()


def test_a_wrong_line_of_a_dictionary_leaves_its_variable_out_of_it(
    stage: Stage, told: Told, tmp_path: Path
) -> None:
    lines = "variable,type,codes\na,category,1=x\nb,decimal,\nc,text,\nc,number,\n"
    (tmp_path / "d.csv").write_text(lines, encoding="utf-8")
    staged = stage("id,a,b,c\nP1,1,2,3\n", CLINICAL | {"dictionary": "d.csv"})
    assert typed(staged) == {("P1", "a"): (None, "x", "ok", None)}
    assert told(staged) == [
        ("dictionary_wrong", None, "b"),
        ("dictionary_wrong", None, "c"),
    ]
    assert "line 3 of d.csv" in staged.refusals[0].detail
    assert "stands twice" in staged.refusals[1].detail


def test_two_units_of_one_variable_are_a_fault(stage: Stage, told: Told) -> None:
    declared = CLINICAL | {"dictionary": INLINE, "units": {"kps": "points"}}
    assert told(stage(TABLE, declared)) == [("dictionary_wrong", None, None)]


def test_a_code_is_a_value_though_other_columns_miss_one_by_that_word(stage: Stage) -> None:
    dictionary = {"lost": {"type": "category", "codes": {"Unknown": "never traced", "NO": "no"}}}
    content = "id,lost,grade\nP1,Unknown,Unknown\nP2,NO,2\n"
    staged = stage(content, CLINICAL | {"dictionary": dictionary})
    columns = ("patient_id", "variable", "value_text", "value_status")
    assert set(staged.rows["clinical.variable"].filter(patient_id="P1").select(columns).rows()) == {
        ("P1", "lost", "never traced", "ok"),
        ("P1", "grade", None, "not_available"),
    }
