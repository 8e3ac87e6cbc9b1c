"""The index lesion: named, the only one, or the largest at baseline; and what follows from it."""

from __future__ import annotations

from typing import Any

import pytest


def rules(warehouse: Any, **given: str | None) -> None:
    named = {"reference_rater": None, "index_region": None, "lesion_rule": "index"} | given
    warehouse.add("study.setting", *({"name": k, "value": v} for k, v in named.items()))


def draw(warehouse: Any, lesion: str, volume: float | None, **given: Any) -> None:
    """Draw a lesion whose feature has the value of its name."""
    warehouse.measure(
        {"Contrast": float(lesion)},
        lesion_id=lesion,
        volume_mm3=volume,
        **({"derivation": "label 1"} | given),
    )


def index(warehouse: Any) -> list[tuple[str, str]]:
    rows = warehouse.rows("SELECT * FROM mart.index_lesion ORDER BY patient_id")
    return [(row["lesion_id"], row["index_rule"]) for row in rows]


def values(warehouse: Any) -> list[tuple[str, float]]:
    rows = warehouse.rows("SELECT * FROM mart.patient_feature ORDER BY timepoint_id, value")
    return [(row["timepoint_id"], row["value"]) for row in rows]


def test_the_largest_at_baseline_stays_the_index_at_every_visit(warehouse: Any) -> None:
    rules(warehouse)
    warehouse.visits({"t0": 0, "t1": 30})
    draw(warehouse, "1", 10.0)
    draw(warehouse, "2", 30.0)
    draw(warehouse, "1", 90.0, timepoint_id="t1")
    draw(warehouse, "2", 5.0, timepoint_id="t1")
    assert index(warehouse) == [("2", "largest")]
    assert values(warehouse) == [("t0", 2.0), ("t1", 2.0)]


def test_baseline_is_the_first_visit_with_a_counted_region(warehouse: Any) -> None:
    rules(warehouse)
    warehouse.visits({"t0": 0, "t1": 30, "t2": 60})
    draw(warehouse, "1", 0.0, voxel_count=0)  # nothing there as yet
    draw(warehouse, "2", 8.0, timepoint_id="t1")
    draw(warehouse, "1", 90.0, timepoint_id="t2")
    assert index(warehouse) == [("2", "only")]


@pytest.mark.parametrize(
    ("region", "expected"), [(None, ("1", "largest")), ("WT", ("2", "largest"))]
)
def test_a_region_decides_or_the_largest_that_was_drawn(
    warehouse: Any, region: str | None, expected: tuple[str, str]
) -> None:
    rules(warehouse, index_region=region)
    for lesion, et, wt in (("1", 9.0, 10.0), ("2", 3.0, 30.0)):
        draw(warehouse, lesion, et, region="ET")
        draw(warehouse, lesion, wt, region="WT", derivation="NCR + ED + ET")
    # a ring is larger than what it lies around
    draw(warehouse, "2", 900.0, region="PERI", derivation="ring from 0 to 5 mm around WT")
    assert index(warehouse) == [expected]


def test_only_the_reference_rater_counts_and_without_one_a_single_rater(warehouse: Any) -> None:
    rules(warehouse, reference_rater="B")
    draw(warehouse, "1", 50.0, rater_id="A")
    draw(warehouse, "1", 10.0, rater_id="B")
    draw(warehouse, "2", 20.0, rater_id="B")
    assert index(warehouse) == [("2", "largest")]
    warehouse.con.execute("DELETE FROM study.setting")
    rules(warehouse)
    assert index(warehouse) == []
    assert values(warehouse) == []


def test_ties_go_by_name_and_an_unknown_volume_decides_nothing(warehouse: Any) -> None:
    rules(warehouse)
    draw(warehouse, "2", 10.0)
    draw(warehouse, "1", 10.0)
    for lesion, volume in (("1", 10.0), ("2", None)):
        draw(warehouse, lesion, volume, patient_id="p2")
    draw(warehouse, "7", None, patient_id="p3")
    assert index(warehouse) == [("1", "largest"), ("7", "only")]


def test_a_table_may_name_it(warehouse: Any) -> None:
    rules(warehouse)
    patient = {"cohort_id": "C", "patient_id": "p1", "person_id": "P1", "index_lesion": "1"}
    warehouse.add_once("study.patient", patient)
    draw(warehouse, "1", 10.0)
    draw(warehouse, "2", 30.0)
    assert index(warehouse) == [("1", "named")]
    assert values(warehouse) == [("t0", 1.0)]
