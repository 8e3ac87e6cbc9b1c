"""mart.patient_vector on a person with a value that is undefined."""

from __future__ import annotations

from typing import Any


def test_a_row_holds_every_feature_that_has_a_value(warehouse: Any) -> None:
    warehouse.measure({"Energy": 2.0, "Contrast": 1.0, "Entropy": None})
    warehouse.measure({"Contrast": 5.0}, region="RING")
    columns = "region, n_features, features['Contrast'] AS contrast, features['Entropy'] AS entropy"
    rows = warehouse.rows(f"SELECT {columns} FROM mart.patient_vector ORDER BY region")
    assert [tuple(row.values()) for row in rows] == [("GTV", 2, 1.0, None), ("RING", 1, 5.0, None)]
    (names,) = warehouse.con.execute(
        "SELECT map_keys(features) FROM mart.patient_vector WHERE region = 'GTV'"
    ).fetchone()
    assert names == ["Contrast", "Energy"]
