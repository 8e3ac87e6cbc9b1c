"""Which series and which lesions mart.patient_feature takes, by the rules of study.yaml."""

from __future__ import annotations

from typing import Any

import pytest


def rules(warehouse: Any, **named: str | None) -> None:
    given = {"reference_rater": None, "lesion_rule": "largest", "series_rule": "only"} | named
    rows = [{"name": name, "value": value} for name, value in given.items()]
    warehouse.add("study.setting", *rows)


def found(warehouse: Any, *columns: str) -> list[tuple[Any, ...]]:
    names = ", ".join(columns or ("value",))
    rows = warehouse.rows(f"SELECT {names} FROM mart.patient_feature ORDER BY ALL")
    return [tuple(row.values()) for row in rows]


@pytest.mark.parametrize(
    ("series_rule", "spacings", "value"),
    [
        ("only", (1.0, 0.5), None),
        ("first_volume", (1.0, 0.5), 0.0),
        ("finest", (1.0, 0.5), 1.0),
        ("finest", (0.5, 0.5), 0.0),
        ("finest", (1.0, None), None),
    ],
)
def test_one_sequence_on_several_series(
    warehouse: Any, series_rule: str, spacings: tuple[float | None, ...], value: float | None
) -> None:
    rules(warehouse, series_rule=series_rule)
    for volume, spacing in reversed(list(enumerate(spacings))):
        size = {f"spacing_{axis}": spacing for axis in "xyz"}
        warehouse.measure({"Contrast": float(volume)}, volume_index=volume, **size)
    assert found(warehouse) == ([] if value is None else [(value,)])


def test_another_series_does_not_stand_in_for_one_that_failed(warehouse: Any) -> None:
    rules(warehouse, series_rule="first_volume")
    warehouse.measure(volume_index=0, status="failed")
    warehouse.measure({"Contrast": 1.0}, volume_index=1)
    assert found(warehouse) == []


def test_a_series_rule_leaves_alone_what_stands_once(warehouse: Any) -> None:
    rules(warehouse, series_rule="finest")
    warehouse.measure({"Contrast": 3.0})
    assert found(warehouse) == [(3.0,)]


def test_lesions_are_averaged_by_their_volume(warehouse: Any) -> None:
    rules(warehouse, lesion_rule="weighted_mean")
    for lesion, volume, value in (("1", 100.0, 1.0), ("2", 300.0, 5.0)):
        warehouse.measure({"Contrast": value, "Energy": value}, lesion_id=lesion, volume_mm3=volume)
    # one lesion has no volume worth a weight, for it is absent
    warehouse.measure(lesion_id="3", volume_mm3=0.0, status="label_absent")
    columns = ("feature", "value", "lesion_id", "measurement_id", "n_lesions", "volume_mm3")
    # (100 * 1 + 300 * 5) / 400
    assert found(warehouse, *columns) == [
        ("Contrast", 4.0, None, None, 2, 400.0),
        ("Energy", 4.0, None, None, 2, 400.0),
    ]
    assert len({series for (series,) in found(warehouse, "series_id")}) == 1


def test_one_lesion_keeps_its_measurement_under_the_mean(warehouse: Any) -> None:
    rules(warehouse, lesion_rule="weighted_mean")
    warehouse.measure({"Contrast": 2.0})
    assert found(warehouse, "value", "lesion_id", "measurement_id") == [(2.0, "1", 0)]


@pytest.mark.parametrize(
    "other",
    [
        {"status": "failed"},
        {"volume_mm3": None},
        {"features": {"Contrast": None}},
    ],
)
def test_a_mean_of_some_lesions_is_none(warehouse: Any, other: dict[str, Any]) -> None:
    rules(warehouse, lesion_rule="weighted_mean")
    warehouse.measure({"Contrast": 2.0}, lesion_id="1")
    given = {"features": {"Contrast": 4.0}} | other
    features = given.pop("features") if given.get("status") != "failed" else None
    given.pop("features", None)
    warehouse.measure(features, lesion_id="2", **given)
    assert found(warehouse) == []
