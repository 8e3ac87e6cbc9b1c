import warnings
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from roentgene.ingest.gates.grey_levels import expected_grey_levels

IMAGE = np.random.default_rng(4).normal(100, 300, size=(12, 13, 14)).astype(np.float32)
REGION = np.zeros(IMAGE.shape, dtype=np.bool_)
REGION[3:9, 3:9, 3:9] = True
STATISTICS = (float(IMAGE.mean(dtype=np.float64)), float(IMAGE.std(dtype=np.float64, ddof=1)))


def stock_grey_levels(settings: dict[str, Any]) -> int:
    """Greatest bin that PyRadiomics itself gives a voxel of the region."""
    from radiomics import imageoperations

    image, mask = sitk.GetImageFromArray(IMAGE), sitk.GetImageFromArray(REGION.astype(np.uint8))
    if settings.get("normalize"):
        image = imageoperations.normalizeImage(image, **settings)
    if settings.get("resegmentRange"):
        mask = imageoperations.resegmentMask(image, mask, **settings)
    region = sitk.GetArrayFromImage(mask) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        binned, _ = imageoperations.binImage(sitk.GetArrayFromImage(image), region, **settings)
    return int(binned[region].max())


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"binWidth": 25},
        {"binWidth": 7.3},
        {"binWidth": 5, "normalize": True, "normalizeScale": 100},
        {"binWidth": 5, "normalize": True, "normalizeScale": 100, "removeOutliers": 1.5},
        {"binWidth": 0.1, "normalize": True},
        {"binWidth": 10, "resegmentRange": [-50, 200]},
        {"binWidth": 10, "resegmentRange": [0]},
        {"binWidth": 10, "resegmentRange": [0.1, 0.6], "resegmentMode": "relative"},
        {"binWidth": 10, "resegmentRange": [-1, 1], "resegmentMode": "sigma"},
    ],
)
def test_as_stock(settings: dict[str, Any]) -> None:
    assert expected_grey_levels(IMAGE[REGION], settings, STATISTICS) == stock_grey_levels(settings)


def test_whole_numbers_on_the_edge_of_a_bin() -> None:
    values = np.array([-50, 0, 100], dtype=np.int16)
    assert expected_grey_levels(values, {"binWidth": 25}) == 7


def test_a_hopeless_bin_width_costs_nothing() -> None:
    assert expected_grey_levels(np.array([0.0, 2e4]), {"binWidth": 1e-6}) > 1e10


def test_not_asked() -> None:
    assert expected_grey_levels(IMAGE[REGION], {"binCount": 32}) is None
    nothing_left = {"binWidth": 25, "resegmentRange": [1e6]}
    assert expected_grey_levels(IMAGE[REGION], nothing_left) is None
    with pytest.raises(ValueError, match="mean and deviation"):
        expected_grey_levels(IMAGE[REGION], {"normalize": True})
