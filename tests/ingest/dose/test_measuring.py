import math

import numpy as np
import pytest

from roentgene.ingest.dose.eqd2 import Delivery
from roentgene.ingest.dose.measuring import DoseMetric, measure_structure
from roentgene.ingest.dose.settings import read_dose_settings
from roentgene.schemas.words import closed_list, reason_codes

#: Four voxels of 1 cm3.
DOSES = np.array([10.0, 20.0, 30.0, 40.0])
EVERYTHING = read_dose_settings(
    {
        "metrics": ["Dmean", "D50", "D2cc", "D9cc", "V20Gy", "gEUD", "EQD2_Dmean", "BED_V20Gy"],
        "alpha_beta": {"GTV": 10, "Heart": 3},
        "geud_a": {"GTV": -1},
    }
)
ROWS = [
    ("volume", "cm3"),
    ("Dmean", "Gy"),
    ("D50", "Gy"),
    ("D2cc", "Gy"),
    ("D9cc", "Gy"),
    ("V20Gy", "percent"),
    ("V20Gy", "cm3"),
    ("gEUD", "Gy"),
    ("EQD2_Dmean", "Gy"),
    ("BED_V20Gy", "percent"),
    ("BED_V20Gy", "cm3"),
]


def measured(
    structure: str = "GTV",
    doses: np.ndarray = DOSES,
    delivery: Delivery | None = None,
    **more: float,
) -> dict[tuple[str, str], DoseMetric]:
    settings = EVERYTHING.model_copy(update=more)
    found = measure_structure(structure, doses, 1000.0, settings, delivery or Delivery(10))
    assert [(row.feature, row.unit) for row in found] == ROWS
    for row in found:
        assert (row.value is None) == (row.status == "undefined")
        assert (row.reason is None) == (row.status == "ok")
        assert row.status in closed_list("value_status")
        assert row.reason is None or row.reason in reason_codes()
        assert row.value is None or math.isfinite(row.value)
    return {(row.feature, row.unit): row for row in found}


def reasons(rows: dict[tuple[str, str], DoseMetric]) -> dict[tuple[str, str], str]:
    return {key: row.reason for key, row in rows.items() if row.reason is not None}


def test_by_hand() -> None:
    rows = measured()
    values = {key: row.value for key, row in rows.items() if row.value is not None}
    # EQD2 of 10, 20, 30 and 40 Gy in 10 fractions with alpha/beta 10 is D (d + 10) / 12
    converted = [10 * 11 / 12, 20 * 12 / 12, 30 * 13 / 12, 40 * 14 / 12]
    assert values == pytest.approx(
        {
            ("volume", "cm3"): 4.0,
            ("Dmean", "Gy"): 25.0,
            ("D50", "Gy"): 30.0,
            ("D2cc", "Gy"): 30.0,
            ("V20Gy", "percent"): 75.0,
            ("V20Gy", "cm3"): 3.0,
            ("gEUD", "Gy"): 4 / sum(1 / dose for dose in DOSES),
            ("EQD2_Dmean", "Gy"): sum(converted) / 4,
            # BED of 20 Gy is 24 Gy, of 10 Gy 11 Gy
            ("BED_V20Gy", "percent"): 75.0,
            ("BED_V20Gy", "cm3"): 3.0,
        },
        rel=1e-14,
    )
    assert reasons(rows) == {("D9cc", "Gy"): "structure_below_volume"}


def test_parameters_are_those_of_the_structure() -> None:
    heart = measured("Heart")
    assert heart["EQD2_Dmean", "Gy"].value == pytest.approx(
        np.mean(DOSES * (DOSES / 10 + 3) / 5), rel=1e-14
    )
    assert reasons(heart)["gEUD", "Gy"] == "parameter_not_stated"
    lung = reasons(measured("Lung"))
    assert lung["EQD2_Dmean", "Gy"] == lung["BED_V20Gy", "cm3"] == "parameter_not_stated"
    assert ("Dmean", "Gy") not in lung


@pytest.mark.parametrize(
    ("delivery", "reason"),
    [
        (Delivery(None), "fractions_unknown"),
        (Delivery(30, uniform=False), "mixed_fractionation"),
        (Delivery(30, dose_type="EFFECTIVE"), "dose_not_physical"),
    ],
)
def test_without_known_fractions_only_physical_doses_are_measured(
    delivery: Delivery, reason: str
) -> None:
    rows = measured(delivery=delivery)
    told = reasons(rows)
    assert told.pop(("D9cc", "Gy")) == "structure_below_volume"
    assert set(told.values()) == {reason}
    assert set(told) == {key for key in ROWS if key[0].startswith(("EQD2", "BED"))}
    assert rows["Dmean", "Gy"].value == 25.0


def test_a_difference_of_doses_has_no_metrics() -> None:
    told = reasons(measured(doses=np.array([-1.0, 2.0]), delivery=Delivery(5, dose_type="ERROR")))
    assert set(told.values()) == {"dose_not_physical"}
    assert set(told) == set(ROWS[1:])


def test_a_structure_without_a_voxel() -> None:
    rows = measured(doses=np.zeros(0))
    assert rows["volume", "cm3"].value == 0.0
    assert set(reasons(rows).values()) == {"label_absent"}


def test_a_structure_outside_the_grid_is_not_measured() -> None:
    rows = measured(doses=np.append(DOSES, math.nan))
    assert rows["volume", "cm3"] == DoseMetric("volume", "cm3", 5.0)
    assert set(reasons(rows).values()) == {"dose_grid_too_small"}
    # a share that is allowed; never all of it
    almost = measured(doses=np.append(DOSES, math.nan), max_outside_percent=20.0)
    assert almost["Dmean", "Gy"] == DoseMetric(
        "Dmean", "Gy", 25.0, "approximate", "dose_grid_partial"
    )
    assert almost["D9cc", "Gy"].reason == "structure_below_volume"
    nothing = measured(doses=np.full(3, math.nan), max_outside_percent=99.0)
    assert set(reasons(nothing).values()) == {"dose_grid_too_small"}


def test_voxels_beyond_the_grid_count_too() -> None:
    found = measure_structure("GTV", DOSES, 1000.0, EVERYTHING, Delivery(10), n_beyond=1)
    assert found[0].value == 5.0
    assert {row.reason for row in found[1:]} == {"dose_grid_too_small"}


def test_weights_are_shares_of_voxels() -> None:
    weights = np.array([0.5, 1.0, 1.0, 0.5])
    found = measure_structure("GTV", DOSES, 1000.0, EVERYTHING, Delivery(10), weights)
    values = {(row.feature, row.unit): row.value for row in found}
    assert values["volume", "cm3"] == 3.0
    assert values["Dmean", "Gy"] == pytest.approx(25.0)
    assert values["V20Gy", "cm3"] == 2.5
