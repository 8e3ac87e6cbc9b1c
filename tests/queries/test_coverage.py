"""mart.coverage by rater and block, beside what test_views.py says of its statuses."""

from __future__ import annotations

from typing import Any

import pytest


def expect(warehouse: Any, **cell: Any) -> None:
    warehouse.add("study.expectation", {"cohort_id": "C", "block": "imaging"} | cell)


def cells(warehouse: Any, block: str = "imaging") -> list[tuple[Any, ...]]:
    rows = warehouse.rows(
        "SELECT patient_id, rater_id, status, n_raters, expected FROM mart.coverage "
        "WHERE block = ? ORDER BY patient_id, rater_id NULLS LAST",
        block,
    )
    return [tuple(row.values()) for row in rows]


def test_each_rater_has_a_row_and_a_named_one_who_drew_nothing_is_missing(warehouse: Any) -> None:
    warehouse.patients("p1", "p2")
    for rater in ("A", "B"):
        expect(warehouse, timepoint_id="t0", sequence="T1", region="GTV", rater_id=rater)
    warehouse.measure(rater_id="A")
    warehouse.measure(rater_id="X", status="failed")
    assert cells(warehouse) == [
        ("p1", "A", "present", 2, True),
        ("p1", "B", "missing", 2, True),
        ("p1", "X", "failed", 2, False),
        ("p2", "A", "missing", 0, True),
        ("p2", "B", "missing", 0, True),
    ]


def test_without_named_raters_anybody_will_do(warehouse: Any) -> None:
    warehouse.patients("p1", "p2")
    expect(warehouse, timepoint_id="t0", sequence="T1", region="GTV")
    warehouse.measure(rater_id="A")
    warehouse.measure(rater_id="B", status="failed")
    assert cells(warehouse) == [
        ("p1", "A", "present", 2, True),
        ("p1", "B", "failed", 2, True),
        ("p2", None, "missing", 0, True),
    ]


def test_a_dose_is_a_grid_or_a_metric_with_a_value(warehouse: Any) -> None:
    warehouse.patients("p1", "p2", "p3")
    expect(warehouse, block="dose")
    common = {"cohort_id": "C", "timepoint_id": "t0"}
    warehouse.add(
        "imaging.dose",
        common | {"dose_id": "grid", "patient_id": "p1", "series_id": "s"},
        common | {"dose_id": "ready", "patient_id": "p2"},
        common | {"dose_id": "empty", "patient_id": "p3"},
    )
    metric = {"cohort_id": "C", "segmentation_id": "g", "extraction_id": "e", "feature": "Dmean"}
    metric |= {"unit": "Gy"}
    warehouse.add(
        "imaging.dose_feature",
        metric | {"dose_id": "ready", "value": 2.0, "value_status": "ok"},
        metric | {"dose_id": "empty", "value_status": "undefined"},
    )
    assert cells(warehouse, "dose") == [
        ("p1", None, "present", None, True),
        ("p2", None, "present", None, True),
        ("p3", None, "missing", None, True),
    ]


@pytest.mark.parametrize("value", [1.0, None])
def test_values_of_other_assays_are_a_block(warehouse: Any, value: float | None) -> None:
    warehouse.patients("p1")
    expect(warehouse, block="assay_value")
    warehouse.add("genomic.sample", {"cohort_id": "C", "sample_id": "s", "patient_id": "p1"})
    warehouse.add("genomic.assay_value", {"cohort_id": "C", "sample_id": "s", "value": value})
    (cell,) = cells(warehouse, "assay_value")
    assert cell[2] == ("missing" if value is None else "present")
