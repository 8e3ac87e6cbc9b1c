"""``mart.engine_agreement`` on measurements that are written out by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

VIEW = "SELECT * FROM mart.engine_agreement ORDER BY ibsi_code, ibsi_aggregation, engine_b"
# code, aggregation, status and image type of the features of each engine
WORDS: Mapping[tuple[str, str], tuple[str | None, str | None, str, str]] = {
    ("pyradiomics", "original_glcm_Contrast"): ("ACUI", "ITBB", "exact", "original"),
    ("pyradiomics", "wavelet-LLH_glcm_Contrast"): ("ACUI", "ITBB", "exact", "wavelet-LLH"),
    ("pyradiomics", "original_firstorder_Kurtosis"): ("IPH6", None, "offset", "original"),
    ("pyradiomics", "original_glcm_MCC"): (None, None, "none", "original"),
    ("mirp", "cm_contrast_d1_3d_avg"): ("ACUI", "ITBB", "exact", "original"),
    ("mirp", "cm_contrast_d2_3d_avg"): ("ACUI", "ITBB", "exact", "original"),
    ("mirp", "cm_contrast_d1_3d_v_mrg"): ("ACUI", "IAZD", "exact", "original"),
    ("mirp", "stat_kurt"): ("IPH6", None, "exact", "original"),
}
Measure = Callable[..., int]


@pytest.fixture
def measure(warehouse: Any) -> Measure:
    """Measure one region by an engine, all features of it being of status ok unless told."""
    numbers = {key: number for number, key in enumerate(WORDS, start=1)}
    for (engine, feature), (code, aggregation, status, image_type) in WORDS.items():
        row = {"feature_id": numbers[engine, feature], "engine": engine, "feature": feature}
        row |= {"ibsi_code": code, "ibsi_aggregation": aggregation, "ibsi_status": status}
        warehouse.add("vocab.feature", row | {"image_type": image_type})
    found = 0

    def add(
        engine: str,
        values: Mapping[str, float | None],
        *,
        profile: str = "original",
        value_scale: str = "raw",
        value_status: str = "ok",
        **given: Any,
    ) -> int:
        nonlocal found
        extraction_id = given.setdefault("extraction_id", f"{engine} {profile}")
        warehouse.extraction(extraction_id, engine=engine, profile=profile, value_scale=value_scale)
        warehouse.measure(**given)
        measurement_id, found = found, found + 1
        for feature, value in values.items():
            fact = {"cohort_id": "C", "measurement_id": measurement_id, "value": value}
            fact |= {"feature_id": numbers[engine, feature], "value_status": value_status}
            warehouse.add("imaging.feature_value", fact)
        return measurement_id

    return add


def test_two_engines_are_compared_by_code_and_aggregation(warehouse: Any, measure: Measure) -> None:
    a = measure(
        "pyradiomics",
        {
            "original_glcm_Contrast": 5.0,
            "wavelet-LLH_glcm_Contrast": 70.0,
            "original_firstorder_Kurtosis": 2.5,
            "original_glcm_MCC": 0.4,
        },
        grey_levels=16,
        voxel_count=100,
    )
    b = measure(
        "mirp",
        {"cm_contrast_d1_3d_avg": 4.0, "cm_contrast_d1_3d_v_mrg": 9.0, "stat_kurt": -0.5},
        profile="mirp_original",
        grey_levels=17,
        voxel_count=101,
    )
    contrast, kurtosis = warehouse.rows(VIEW)
    assert contrast == {
        "cohort_id": "C",
        "person_id": "P1",
        "patient_id": "p1",
        "timepoint_id": "t0",
        "sequence": "T1",
        "region": "GTV",
        "lesion_id": "1",
        "rater_id": "A",
        "repeat_no": 1,
        "ibsi_code": "ACUI",
        "ibsi_aggregation": "ITBB",
        "engine_a": "mirp",
        "engine_b": "pyradiomics",
        "engine_version_a": "-",
        "engine_version_b": "-",
        "profile_a": "mirp_original",
        "profile_b": "original",
        "feature_a": "cm_contrast_d1_3d_avg",
        "feature_b": "original_glcm_Contrast",
        "ibsi_status_a": "exact",
        "ibsi_status_b": "exact",
        "value_a": 4.0,
        "value_b": 5.0,
        "difference_absolute": 1.0,
        "difference_relative": pytest.approx(0.2),
        "value_scale": "raw",
        "grey_levels_a": 17,
        "grey_levels_b": 16,
        "voxel_count_a": 101,
        "voxel_count_b": 100,
        "segmentation_id": "C/p1/t0/GTV/1/A/1",
        "series_id": "C/p1/t0/T1/None",
        "extraction_id_a": "mirp mirp_original",
        "extraction_id_b": "pyradiomics original",
        "measurement_id_a": b,
        "measurement_id_b": a,
    }
    # no aggregation on either side, and the difference that the status announces
    assert (kurtosis["ibsi_code"], kurtosis["ibsi_aggregation"]) == ("IPH6", None)
    assert (kurtosis["ibsi_status_a"], kurtosis["ibsi_status_b"]) == ("exact", "offset")
    assert kurtosis["difference_absolute"] == 3.0


def test_two_profiles_of_one_engine_are_compared_and_three_make_three_pairs(
    warehouse: Any, measure: Measure
) -> None:
    for number, profile in enumerate(("one", "two", "three")):
        measure("pyradiomics", {"original_glcm_Contrast": float(number)}, profile=profile)
    pairs = {(row["profile_a"], row["profile_b"]) for row in warehouse.rows(VIEW)}
    assert pairs == {("one", "three"), ("one", "two"), ("three", "two")}


@pytest.mark.parametrize(
    "other",
    [
        {"sequence": "T2"},
        {"volume_index": 1},
        {"region": "ET"},
        {"rater_id": "B"},
        {"repeat_no": 2},
        {"lesion_id": "2"},
        {"timepoint_id": "t1"},
        {"patient_id": "p2"},
        {"current": False},
        {"status": "failed"},
        {"value_status": "approximate"},
        {"value_status": "undefined", "value": None},
        {"value_scale": "zscore"},
    ],
    ids=lambda other: " ".join(map(str, other.items())),
)
def test_what_is_not_of_one_kind_is_not_compared(
    warehouse: Any, measure: Measure, other: dict[str, Any]
) -> None:
    measure("pyradiomics", {"original_glcm_Contrast": 5.0})
    given = {"value": 4.0} | other
    value = given.pop("value")
    measure("mirp", {"cm_contrast_d1_3d_avg": value}, **given)
    assert warehouse.rows(VIEW) == []


def test_several_features_under_one_code_are_not_compared(warehouse: Any, measure: Measure) -> None:
    measure("pyradiomics", {"original_glcm_Contrast": 5.0, "original_firstorder_Kurtosis": 3.0})
    twice = {"cm_contrast_d1_3d_avg": 5.0, "cm_contrast_d2_3d_avg": 7.0}
    measure("mirp", {**twice, "stat_kurt": 0.0})
    assert [row["ibsi_code"] for row in warehouse.rows(VIEW)] == ["IPH6"]


def test_the_second_feature_counts_though_it_has_no_value(warehouse: Any, measure: Measure) -> None:
    measure("pyradiomics", {"original_glcm_Contrast": 5.0})
    number = measure("mirp", {"cm_contrast_d1_3d_avg": 5.0})
    (row,) = warehouse.rows(VIEW)
    assert row["difference_relative"] == 0.0
    undefined = {"cohort_id": "C", "measurement_id": number, "value_status": "undefined"}
    d2 = list(WORDS).index(("mirp", "cm_contrast_d2_3d_avg")) + 1
    warehouse.add("imaging.feature_value", undefined | {"feature_id": d2, "value": None})
    assert warehouse.rows(VIEW) == []


@pytest.mark.parametrize(
    ("value_a", "value_b", "absolute", "relative"),
    [
        (4.0, 5.0, 1.0, 0.2),
        (5.0, 4.0, -1.0, 0.2),
        (-1.0, 1.0, 2.0, 2.0),
        (0.0, 3.0, 3.0, 1.0),
        (0.0, 0.0, 0.0, 0.0),
        (-1.5e308, 1.5e308, None, 2.0),
        (5e-324, 0.0, -5e-324, 1.0),
    ],
)
def test_differences(
    warehouse: Any,
    measure: Measure,
    value_a: float,
    value_b: float,
    absolute: float | None,
    relative: float,
) -> None:
    measure("mirp", {"cm_contrast_d1_3d_avg": value_a})
    measure("pyradiomics", {"original_glcm_Contrast": value_b})
    (row,) = warehouse.rows(VIEW)
    assert row["difference_absolute"] == absolute
    assert row["difference_relative"] == pytest.approx(relative)


def test_z_scores_have_no_relative_difference(warehouse: Any, measure: Measure) -> None:
    measure("mirp", {"cm_contrast_d1_3d_avg": -0.5}, value_scale="zscore")
    measure("pyradiomics", {"original_glcm_Contrast": 0.5}, value_scale="zscore")
    (row,) = warehouse.rows(VIEW)
    assert (row["difference_absolute"], row["difference_relative"]) == (1.0, None)
    assert row["value_scale"] == "zscore"
