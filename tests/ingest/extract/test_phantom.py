"""Engines on the digital phantom of IBSI 1, for which the values of features are agreed on."""

from __future__ import annotations

import csv
import math
from importlib.util import find_spec
from pathlib import Path

import pytest

from roentgene.ingest.extract.phantom import (
    PHANTOM_SETTINGS,
    PhantomFeature,
    PhantomResult,
    measure_phantom,
)
from roentgene.schemas.phantom import ReferenceValue
from roentgene.schemas.words import pyradiomics_features

N_VOXELS = 74


@pytest.fixture(scope="module")
def measured() -> dict[str, PhantomResult]:
    """PyRadiomics by path."""
    return {result.path: result for result in measure_phantom("pyradiomics")}


def test_both_paths_of_pyradiomics_are_checked(measured: dict[str, PhantomResult]) -> None:
    assert list(measured) == ["stock", "fast"]


@pytest.mark.parametrize("path", ["stock", "fast"])
def test_pyradiomics_matches_but_for_three_known_features(
    measured: dict[str, PhantomResult], path: str
) -> None:
    result = measured[path]
    assert (len(result.features), len(result.of_status("exact"))) == (102, 99)
    assert result.n_without_reference == 5
    # kurtosis, where IBSI takes the excess
    (offset,) = result.of_status("offset")
    assert offset.feature == "original_firstorder_Kurtosis"
    assert offset.difference == pytest.approx(3.0, abs=5e-4)
    # covariance over N, where IBSI takes N - 1
    vary = {one.feature: one for one in result.of_status("variant")}
    assert set(vary) == {"original_shape_MinorAxisLength", "original_shape_LeastAxisLength"}
    for one in vary.values():
        assert one.value is not None
        assert one.reference.is_met_by(one.value / math.sqrt((N_VOXELS - 1) / N_VOXELS))


@pytest.mark.parametrize("path", ["stock", "fast"])
def test_the_vocabulary_says_what_the_phantom_shows(
    measured: dict[str, PhantomResult], path: str
) -> None:
    result = measured[path]
    assert result.undeclared == []
    names = {one.feature.removeprefix("original_") for one in result.features}
    coded = {word for word in pyradiomics_features().values() if word.ibsi_code}
    assert names == {f"{word.feature_class}_{word.name}" for word in coded}


@pytest.mark.realdata
def test_stock_values_are_those_computed_elsewhere(
    measured: dict[str, PhantomResult], shared_data: Path
) -> None:
    file = shared_data / "reference" / "ibsi_crosswalk.csv"
    with file.open(encoding="utf-8", newline="") as stream:
        published = {
            row["pyradiomics_name"]: float(row["pyradiomics_value"])
            for row in csv.DictReader(stream)
            if row["pyradiomics_value"] and row["ibsi_id"]
        }
    values = {one.feature: one.value for one in measured["stock"].features}
    assert values == pytest.approx(published, rel=1e-9)


@pytest.mark.extras
@pytest.mark.parametrize(
    ("name", "n_features", "variants"),
    [
        ("mirp", 152, set()),
        (
            "pysera",
            193,
            {
                f"glcm_inv_diff{moment}_norm_3D_{merged}"
                for moment in ("", "_mom")
                for merged in ("avg", "comb")
            },
        ),
    ],
)
def test_other_engines_are_as_declared(name: str, n_features: int, variants: set[str]) -> None:
    if find_spec(name) is None:
        pytest.skip(f"{name} is not installed")
    (result,) = measure_phantom(name)
    assert result.path == "stock"
    assert result.undeclared == []
    assert len(result.features) == n_features
    assert {one.feature for one in result.of_status("variant")} == variants
    assert result.of_status("offset") == []


def test_every_engine_of_ibsi_is_checked() -> None:
    assert set(PHANTOM_SETTINGS) == {"pyradiomics", "mirp", "pysera"}


@pytest.mark.parametrize(
    ("value", "reference", "status"),
    [
        (2.6454, ReferenceValue(-0.355, 0.0), "offset"),
        (-0.3546, ReferenceValue(-0.355, 0.0), "exact"),
        (-0.3566, ReferenceValue(-0.355, 0.0), "variant"),
        (3.5, ReferenceValue(3.0, 0.0), "variant"),
        (2.0, ReferenceValue(3.0, 0.0), "offset"),
        (560.4, ReferenceValue(556.0, 4.0), "exact"),
        (561.0, ReferenceValue(556.0, 4.0), "offset"),
        (None, ReferenceValue(3.0, 0.0), "variant"),
    ],
)
def test_a_status_is_told_by_the_difference(
    value: float | None, reference: ReferenceValue, status: str
) -> None:
    assert PhantomFeature("f", value, reference, "exact").status == status
