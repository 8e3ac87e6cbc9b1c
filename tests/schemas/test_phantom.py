"""The digital phantom of IBSI that comes with roentgene is the published one."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from roentgene.schemas.phantom import ReferenceValue, digital_phantom
from roentgene.schemas.words import pyradiomics_features

# one code for two features: the volume at, and the intensity at, a tenth and nine tenths
AMBIGUOUS = {"BC2M", "GBPN"}


def test_it_has_the_published_size() -> None:
    phantom = digital_phantom()
    image, mask = np.array(phantom.image), np.array(phantom.mask)
    assert image.shape == mask.shape == (4, 4, 5)
    assert mask.sum() == 74
    assert set(image[mask == 1]) == {1, 3, 4, 6}
    # one voxel outside would be a fifth grey level
    assert set(image[mask == 0]) == {1, 9}


@pytest.mark.realdata
def test_its_voxels_are_the_published_ones(shared_data: Path) -> None:
    import SimpleITK as sitk

    folder = shared_data / "images" / "ibsi_digital_phantom"
    phantom = digital_phantom()
    for voxels, name in (
        (phantom.image, "image/phantom.nii.gz"),
        (phantom.mask, "mask/mask.nii.gz"),
    ):
        published = sitk.ReadImage(str(folder / name))
        assert np.array_equal(np.array(voxels), sitk.GetArrayFromImage(published))
        assert published.GetSpacing() == phantom.spacing_mm


@pytest.mark.realdata
def test_its_values_are_the_published_ones(shared_data: Path) -> None:
    def rows(name: str) -> list[dict[str, str]]:
        with (shared_data / "reference" / name).open(encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))

    by_tag = {row["tag"]: row for row in rows("ibsi_1_digital_phantom.csv")}
    expected = {}
    for row in rows("ibsi_crosswalk.csv"):
        published = by_tag.get(row["ibsi_tag"])
        if not row["ibsi_id"] or row["ibsi_id"] in AMBIGUOUS or published is None:
            continue
        aggregation = None if row["ibsi_aggregation_id"] == "-" else row["ibsi_aggregation_id"]
        value, tolerance = published["reference_value"], published["tolerance"]
        expected[row["ibsi_id"], aggregation] = ReferenceValue(float(value), float(tolerance))
    found = digital_phantom().values
    assert len(expected) > 190
    assert {key: found.get(key) for key in expected} == expected


def test_every_coded_feature_of_pyradiomics_has_a_value() -> None:
    coded = {
        (word.ibsi_code, word.ibsi_aggregation)
        for word in pyradiomics_features().values()
        if word.ibsi_code
    }
    assert coded <= set(digital_phantom().values)


@pytest.mark.parametrize(
    ("value", "tolerance", "given", "met"),
    [
        (5.32, 0.0, 5.3249, True),
        (5.32, 0.0, 5.3251, False),
        (556.0, 4.0, 560.0, True),
        (556.0, 4.0, 561.0, False),
        (-0.355, 0.0, -0.3546, True),
        (0.0, 0.0, 0.0, True),
        (1.0, 0.0, float("nan"), False),
    ],
)
def test_a_value_is_rounded_before_it_is_compared(
    value: float, tolerance: float, given: float, met: bool
) -> None:
    assert ReferenceValue(value, tolerance).is_met_by(given) is met
