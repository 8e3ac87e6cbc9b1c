"""How features differ with the masks they were measured in, on pairs that are written by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from scipy import stats

PAIRS = "SELECT * FROM mart.feature_agreement ORDER BY feature, rater_a, rater_b, repeat_a"
SUMMARY = "SELECT * FROM mart.stability_by_agreement ORDER BY design, feature, icc_form"
Compare = Callable[..., None]


@pytest.fixture
def compare(warehouse: Any) -> Compare:
    """Stores how well the masks of two raters of one lesion agree."""

    def add(a: str, b: str, dice: float | None = 0.8, **given: Any) -> None:
        row = {"status": "ok", "hd95_mm": 2.0, "volume_difference_mm3": 0.0}
        row |= {key: value for key, value in given.items() if key in row}
        patient, lesion = given.get("patient_id", "p1"), given.get("lesion_id", "1")
        repeat_a, repeat_b = given.get("repeats", (1, 1))
        drawn = f"C/{patient}/t0/GTV/{lesion}"
        ids = {
            "segmentation_id_a": f"{drawn}/{a}/{repeat_a}",
            "segmentation_id_b": f"{drawn}/{b}/{repeat_b}",
        }
        warehouse.add(
            "imaging.segmentation_overlap", {"cohort_id": "C", "dice": dice, **row, **ids}
        )

    return add


# --- mart.segmentation_agreement


@pytest.mark.parametrize(
    ("volume_a", "volume_b", "relative"),
    [(100.0, 100.0, 0.0), (150.0, 50.0, 1.0), (50.0, 150.0, -1.0), (80.0, 0.0, 2.0)],
)
def test_volumes_are_compared_with_their_mean(
    warehouse: Any, compare: Compare, volume_a: float, volume_b: float, relative: float
) -> None:
    warehouse.measure(rater_id="A", volume_mm3=volume_a)
    warehouse.measure(rater_id="B", volume_mm3=volume_b)
    compare("A", "B", volume_difference_mm3=volume_a - volume_b)
    (row,) = warehouse.rows("SELECT * FROM mart.segmentation_agreement")
    assert (row["volume_a_mm3"], row["volume_b_mm3"]) == (volume_a, volume_b)
    assert row["volume_difference_relative"] == relative
    assert (row["design"], row["lesion_id"], row["person_id"]) == ("inter_rater", "1", "P1")


def test_two_empty_masks_have_no_relative_difference(warehouse: Any, compare: Compare) -> None:
    for repeat in (1, 2):
        warehouse.measure(repeat_no=repeat, volume_mm3=0.0)
    compare("A", "A", None, repeats=(1, 2), status="both_empty", hd95_mm=None)
    (row,) = warehouse.rows("SELECT * FROM mart.segmentation_agreement")
    assert row["volume_difference_relative"] is None
    assert (row["design"], row["status"]) == ("intra_rater", "both_empty")


# --- mart.feature_agreement


@pytest.mark.parametrize(
    ("value_a", "value_b", "absolute", "relative"),
    [
        (4.0, 6.0, 2.0, 0.4),
        (6.0, 4.0, -2.0, 0.4),
        (-4.0, -6.0, -2.0, 0.4),
        (-1.0, 1.0, 2.0, 2.0),
        (0.0, 3.0, 3.0, 2.0),
        (0.0, 0.0, 0.0, 0.0),
        (-1.5e308, 1.5e308, None, 2.0),
        (1e308, 1.5e308, 0.5e308, 0.4),
        (5e-324, 0.0, -5e-324, 2.0),
    ],
)
def test_differences_of_a_feature(
    warehouse: Any,
    compare: Compare,
    value_a: float,
    value_b: float,
    absolute: float | None,
    relative: float,
) -> None:
    warehouse.measure({"Contrast": value_a}, rater_id="A")
    warehouse.measure({"Contrast": value_b}, rater_id="B")
    compare("A", "B", 0.75, hd95_mm=3.0)
    (row,) = warehouse.rows(PAIRS)
    assert row["difference_absolute"] == (None if absolute is None else pytest.approx(absolute))
    assert row["difference_relative"] == pytest.approx(relative)
    assert (row["value_a"], row["value_b"]) == (value_a, value_b)
    assert (row["dice"], row["hd95_mm"], row["rater_a"], row["rater_b"]) == (0.75, 3.0, "A", "B")
    assert (row["feature_class"], row["profile"], row["sequence"]) == ("glcm", "original", "T1")


def test_zscored_values_have_no_relative_difference(warehouse: Any, compare: Compare) -> None:
    warehouse.extraction("e", value_scale="zscore")
    for rater, value in (("A", -1.0), ("B", 1.0)):
        warehouse.measure({"Contrast": value}, rater_id=rater)
    compare("A", "B")
    (row,) = warehouse.rows(PAIRS)
    assert (row["difference_absolute"], row["difference_relative"]) == (2.0, None)
    assert warehouse.rows(SUMMARY) == []


@pytest.mark.parametrize(
    "other",
    [
        {"sequence": "T2"},
        {"volume_index": 1},
        {"extraction_id": "other"},
        {"current": False},
        {"status": "failed"},
        {"value": None},
    ],
    ids=lambda other: " ".join(map(str, other.items())),
)
def test_what_was_not_measured_alike_is_not_compared(
    warehouse: Any, compare: Compare, other: Mapping[str, Any]
) -> None:
    warehouse.measure({"Contrast": 1.0}, rater_id="A")
    given = {"value": 2.0, **other}
    warehouse.measure({"Contrast": given.pop("value")}, rater_id="B", **given)
    compare("A", "B")
    assert warehouse.rows(PAIRS) == []


# --- mart.stability_by_agreement

RATERS = ("A", "B", "C", "D")
VALUES: Mapping[str, Sequence[float]] = {
    "Contrast": (10.0, 11.0, 14.0, 22.0),
    "Energy": (3.0, 3.0, 3.0, 3.0),
    "Entropy": (-1.0, 2.0, 2.0, -1.5),
}
# of the six pairs AB, AC, AD, BC, BD, CD; two of them tie
AGREE = {"dice": (0.9, 0.8, 0.5, 0.8, 0.6, 0.7), "hd95_mm": (1.0, 2.0, 9.0, 2.5, 7.0, 4.0)}
VOLUMES = (100.0, 110.0, 130.0, 190.0)


@pytest.fixture
def four_raters(warehouse: Any, compare: Compare) -> None:
    for number, rater in enumerate(RATERS):
        features = {name: values[number] for name, values in VALUES.items()}
        warehouse.measure(features, rater_id=rater, volume_mm3=VOLUMES[number])
    pairs = list(combinations(range(4), 2))
    for (a, b), dice, hd95 in zip(pairs, AGREE["dice"], AGREE["hd95_mm"], strict=True):
        difference = VOLUMES[a] - VOLUMES[b]
        compare(RATERS[a], RATERS[b], dice, hd95_mm=hd95, volume_difference_mm3=difference)


def relative(values: Sequence[float]) -> list[float]:
    return [
        2 * abs(b - a) / (abs(a) + abs(b)) if a != b else 0.0 for a, b in combinations(values, 2)
    ]


@pytest.mark.usefixtures("four_raters")
def test_the_rank_correlations_are_those_of_scipy(warehouse: Any) -> None:
    rows = {row["feature"]: row for row in warehouse.rows(SUMMARY)}
    assert set(rows) == set(VALUES)
    volumes = relative(VOLUMES)
    for feature in ("Contrast", "Entropy"):
        row, differences = rows[feature], relative(VALUES[feature])
        against = {"dice": AGREE["dice"], "hd95": AGREE["hd95_mm"], "volume": volumes}
        for name, agreement in against.items():
            expected = stats.spearmanr(differences, agreement).statistic
            assert row[f"spearman_{name}"] == pytest.approx(expected, abs=1e-14), name
        assert row["difference_relative_mean"] == pytest.approx(np.mean(differences))
        assert row["difference_relative_max"] == pytest.approx(max(differences))
    row = rows["Contrast"]
    assert (row["n_pairs"], row["n_persons"], row["design"]) == (6, 1, "inter_rater")
    assert row["dice_mean"] == pytest.approx(np.mean(AGREE["dice"]))
    assert row["dice_min"] == 0.5
    assert row["hd95_mm_mean"] == pytest.approx(np.mean(AGREE["hd95_mm"]))
    assert row["volume_difference_relative_mean"] == pytest.approx(np.mean(volumes))
    assert row["spearman_dice"] < -0.9


@pytest.mark.usefixtures("four_raters")
def test_a_feature_that_does_not_vary_has_no_correlation(warehouse: Any) -> None:
    row = next(row for row in warehouse.rows(SUMMARY) if row["feature"] == "Energy")
    assert row["difference_relative_mean"] == 0.0
    assert [row[f"spearman_{name}"] for name in ("dice", "hd95", "volume")] == [None] * 3


def test_two_pairs_are_too_few(warehouse: Any, compare: Compare) -> None:
    for rater, value in (("A", 1.0), ("B", 2.0), ("C", 4.0)):
        warehouse.measure({"Contrast": value}, rater_id=rater)
    compare("A", "B", 0.9)
    compare("A", "C", 0.5)
    (row,) = warehouse.rows(SUMMARY)
    assert (row["n_pairs"], row["spearman_dice"]) == (2, None)


def test_designs_are_kept_apart(warehouse: Any, compare: Compare) -> None:
    for rater, repeat in (("A", 1), ("A", 2), ("B", 1)):
        warehouse.measure({"Contrast": 1.0 + repeat}, rater_id=rater, repeat_no=repeat)
    compare("A", "A", 0.95, repeats=(1, 2))
    compare("A", "B", 0.7)
    # another rater's first beside a second repeat says both at once
    compare("A", "B", 0.1, repeats=(2, 1))
    rows = {row["design"]: row for row in warehouse.rows(SUMMARY)}
    assert {design: (row["n_pairs"], row["dice_mean"]) for design, row in rows.items()} == {
        "inter_rater": (1, 0.7),
        "intra_rater": (1, 0.95),
    }


@pytest.mark.usefixtures("four_raters")
def test_each_current_icc_stands_beside(warehouse: Any) -> None:
    key = {
        "cohort_id": "C",
        "region": "GTV",
        "sequence": "T1",
        "profile": "original",
        "engine": "pyradiomics",
        "feature": "Contrast",
        "stability_key": "C|GTV|T1|original|pyradiomics",
        "design": "inter_rater",
        "status": "ok",
    }
    for run, current in (("new", True), ("old", False)):
        warehouse.add(
            "ops.analysis_run", {"analysis_run_id": run, "name": "readers", "current": current}
        )
        for form, icc in (("ICC(1,1)", 0.7), ("ICC(A,1)", 0.8)):
            found = {**key, "analysis_run_id": run, "icc_form": form, "icc": icc}
            warehouse.add("result.stability", found)
    warehouse.add(
        "result.stability",
        {**key, "analysis_run_id": "new", "icc_form": "ICC(C,1)", "design": "test_retest"},
    )
    rows = warehouse.rows(SUMMARY)
    contrast = [(r["icc_form"], r["icc"]) for r in rows if r["feature"] == "Contrast"]
    assert contrast == [("ICC(1,1)", 0.7), ("ICC(A,1)", 0.8)]
    assert [(r["icc"], r["run_name"]) for r in rows if r["feature"] == "Entropy"] == [(None, None)]


def test_pairs_of_all_patients_count_together(warehouse: Any, compare: Compare) -> None:
    for patient, spread in (("p1", 1.0), ("p2", 2.0), ("p3", 3.0)):
        for rater, value in (("A", 10.0), ("B", 10.0 + spread)):
            warehouse.measure({"Contrast": value}, rater_id=rater, patient_id=patient)
        compare("A", "B", 1 - spread / 10, patient_id=patient)
    (row,) = warehouse.rows(SUMMARY)
    assert (row["n_pairs"], row["n_persons"]) == (3, 3)
    assert row["spearman_dice"] == pytest.approx(-1.0)
