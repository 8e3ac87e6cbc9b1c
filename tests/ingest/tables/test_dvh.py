from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from roentgene.ingest.identity import identity
from roentgene.ingest.tables import StagedTables

Stage = Callable[..., StagedTables]
Told = Callable[[StagedTables], list[tuple[str, int | None, str | None]]]

DVH: dict[str, Any] = {
    "kind": "dvh",
    "id": "id",
    "timepoint": "baseline",
    "engine": "eclipse",
    "engine_version": "15.6",
    "profile": "clinic",
}
HEADER = "id,structure,metric,value,unit\n"


def values(staged: StagedTables) -> list[tuple[Any, ...]]:
    columns = ("feature", "unit", "value", "value_status", "value_reason")
    return list(staged.rows["imaging.dose_feature"].select(columns).rows())


def test_rows_come_in_the_form_of_measured_doses(stage: Stage) -> None:
    staged = stage(HEADER + "P1,Heart,Dmean,0.65,Gy\nP1,Heart,V5Gy,0,percent\n", DVH)
    rows = staged.rows
    place = ("C1", "P1", "baseline")
    series = identity("series", *place, "RTDOSE", None, "table:clinic")
    heart = identity("segmentation", *place, "table:clinic:RTDOSE", "Heart", "1", "1", 1)
    dose = identity("dose", *place, "table:clinic:RTDOSE")
    columns = ("series_id", "modality", "sequence", "source", "content_hash")
    assert rows["imaging.series"].select(columns).rows() == [
        (series, "RTDOSE", "RTDOSE", "table", None)
    ]
    columns = ("segmentation_id", "reference_series_id", "region", "source", "voxel_count")
    assert rows["imaging.segmentation"].select(columns).rows() == [
        (heart, series, "Heart", "table", None)
    ]
    columns = ("dose_id", "patient_id", "timepoint_id", "content_hash")
    assert rows["imaging.dose"].select(columns).rows() == [(dose, "P1", "baseline", None)]
    (extraction,) = rows["imaging.extraction"].to_dicts()
    assert (extraction["engine"], extraction["profile"]) == ("eclipse", "clinic")
    facts = rows["imaging.dose_feature"]
    assert facts.select("dose_id", "segmentation_id", "extraction_id").unique().rows() == [
        (dose, heart, extraction["extraction_id"])
    ]
    assert values(staged) == [
        ("Dmean", "Gy", 0.65, "ok", None),
        ("V5Gy", "percent", 0.0, "ok", None),
    ]
    columns = ("segmentation_id", "series_id", "extraction_id", "status", "path")
    assert rows["imaging.measurement"].select(columns).rows() == [
        (heart, series, extraction["extraction_id"], "ok", "table")
    ]
    assert rows["study.timepoint"].select("patient_id", "study_day").rows() == [("P1", 0)]
    assert rows["study.lesion"].select("patient_id", "lesion_id").rows() == [("P1", "1")]
    assert staged.refusals == ()


@pytest.mark.parametrize(
    ("value", "unit", "stored"),
    [
        ("1428.6", "cGy", (14.286, "Gy")),
        ("14.286", "GY", (14.286, "Gy")),
        ("102.04", "%", (102.04, "percent")),
        ("102.04", "Percent", (102.04, "percent")),
        ("12.8", "cc", (12.8, "cm3")),
        ("12.8", "cm³", (12.8, "cm3")),
        ("12.8", "mL", (12.8, "cm3")),
    ],
)
def test_units_are_converted(
    stage: Stage, value: str, unit: str, stored: tuple[float, str]
) -> None:
    staged = stage(HEADER + f"P1,GTV,Dmean,{value},{unit}\n", DVH)
    ((_, found_unit, found, status, _),) = values(staged)
    assert (found, found_unit, status) == (pytest.approx(stored[0], rel=1e-14), stored[1], "ok")


def test_what_cannot_be_a_metric_is_refused(stage: Stage, told: Told) -> None:
    lines = (
        "P1,GTV,Dmean,14,Gy",
        "P1,GTV,Dmax,14,mGy",
        "P1,GTV,D95,-1,Gy",
        "P1,GTV,D98,n/a!,Gy",
        "P1,GTV,V20Gy,101,percent",
        "P1,GTV,V30Gy,30,",
        "P1,,Dmin,30,Gy",
        "P1,GTV 2019-03-04,Dmin,30,Gy",
    )
    staged = stage(HEADER + "\n".join(lines) + "\n", DVH)
    assert [row[0] for row in values(staged)] == ["Dmean"]
    assert sorted(told(staged), key=str) == sorted(
        [
            ("not_in_set", 3, "unit"),
            ("out_of_range", 4, "value"),
            ("not_a_number", 5, "value"),
            ("out_of_range", 6, "value"),
            ("missing_value", 7, "unit"),
            ("missing_value", 8, "structure"),
            ("looks_like_date", 9, "structure"),
        ],
        key=str,
    )
    assert not any("2019" in refusal.line() for refusal in staged.refusals)


def test_an_empty_cell_stays_as_a_value_that_is_not_there(stage: Stage) -> None:
    content = HEADER + "P1,GTV,D2cc,NA,Gy\nP1,Heart,D2cc,,Gy\nP1,Heart,Dmean,2,Gy\n"
    staged = stage(content, DVH)
    assert values(staged) == [
        ("D2cc", "Gy", None, "undefined", "missing_value"),
        ("D2cc", "Gy", None, "undefined", "missing_value"),
        ("Dmean", "Gy", 2.0, "ok", None),
    ]
    columns = ("status", "reason")
    assert staged.rows["imaging.measurement"].select(columns).rows() == [
        ("failed", "missing_value"),
        ("ok", None),
    ]


def test_the_same_metric_in_two_units_of_dose_is_one(stage: Stage, told: Told) -> None:
    staged = stage(HEADER + "P1,GTV,Dmean,14,Gy\nP1,GTV,Dmean,1400,cGy\n", DVH)
    assert values(staged) == [("Dmean", "Gy", 14.0, "ok", None)]
    assert told(staged) == [("duplicate_row", 3, None)]
    # a share and a volume are two values
    both = stage(HEADER + "P1,GTV,V20Gy,14,percent\nP1,GTV,V20Gy,14,cm3\n", DVH)
    assert len(values(both)) == 2
    contrary = stage(HEADER + "P1,GTV,Dmean,14,Gy\nP1,GTV,Dmean,14,cGy\n", DVH)
    assert values(contrary) == []
    assert told(contrary) == [("conflicting_rows", 2, None)]


def test_templates_and_names(stage: Stage) -> None:
    declared = DVH | {
        "timepoint": "{visit}",
        "structure": "{roi}",
        "dose": "plan {plan}",
        "metric": "D{percent}",
        "value": "dose",
        "unit": "cGy",
        "rename": {"D100": "Dmin"},
    }
    content = (
        "id,visit,roi,plan,percent,dose\n"
        "P1,baseline,PTV,1,95,4750\nP1,baseline,PTV,2,95,1000\nP1,followup,PTV,1,100,900\n"
    )
    staged = stage(content, declared)
    assert [row[:3] for row in values(staged)] == [
        ("D95", "Gy", 47.5),
        ("D95", "Gy", 10.0),
        ("Dmin", "Gy", 9.0),
    ]
    assert staged.rows["imaging.series"]["sequence"].to_list() == ["plan 1", "plan 2", "plan 1"]
    assert staged.rows["imaging.dose"]["dose_id"].n_unique() == 3


def test_settings_are_stored_and_tell_extractions_apart(stage: Stage) -> None:
    def extraction(settings: dict[str, Any]) -> dict[str, Any]:
        staged = stage(HEADER + "P1,GTV,EQD2_Dmean,14,Gy\n", DVH | {"settings": settings})
        (row,) = staged.rows["imaging.extraction"].to_dicts()
        return dict(row)

    ten, three = extraction({"alpha_beta": {"GTV": 10}}), extraction({"alpha_beta": {"GTV": 3}})
    assert json.loads(ten["settings"]) == {"alpha_beta": {"GTV": 10}}
    assert ten["extraction_id"] != three["extraction_id"]


def test_the_work_key_follows_the_values_and_not_the_lines(stage: Stage) -> None:
    def keys(*lines: str) -> list[str]:
        staged = stage(HEADER + "\n".join(lines) + "\n", DVH)
        return list(staged.rows["imaging.measurement"]["work_key"])

    first = keys("P1,GTV,Dmean,14,Gy", "P1,GTV,Dmax,15,Gy")
    assert len(first) == 1
    assert keys("P1,GTV,Dmax,15,Gy", "P1,GTV,Dmean,1400,cGy") == first
    assert keys("P1,GTV,Dmax,15,Gy", "P1,GTV,Dmean,14.5,Gy") != first


def test_a_column_that_is_not_there(stage: Stage, told: Told) -> None:
    staged = stage("id,structure,metric,unit\nP1,GTV,Dmean,Gy\n", DVH)
    assert told(staged) == [("missing_column", None, "value")]
    staged = stage(HEADER + "P1,GTV,Dmean,14,Gy\n", DVH | {"structure": "{roi"})
    assert [code for code, _, _ in told(staged)] == ["missing_column"]


def test_the_same_dose_in_two_units_is_one(stage: Stage, told: Told) -> None:
    staged = stage(HEADER + "P1,Heart,Dmean,1429,cGy\nP1,Heart,Dmean,14.29,Gy\n", DVH)
    assert told(staged) == [("duplicate_row", 3, None)]
    assert values(staged) == [("Dmean", "Gy", 14.29, "ok", None)]
