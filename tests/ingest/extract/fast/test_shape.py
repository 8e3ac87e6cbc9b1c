"""Shape as PyRadiomics measures it, on masks of every kind."""

import math

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from radiomics.shape import RadiomicsShape

from roentgene.ingest.block import cut_out
from roentgene.ingest.extract.fast.shape import shape_features


def of_pyradiomics(region: np.ndarray, spacing: tuple[float, ...]) -> dict[str, float]:
    mask = sitk.GetImageFromArray(region.astype(np.uint8))
    mask.SetSpacing(spacing)
    found = RadiomicsShape(mask, mask).execute()
    # equal eigenvalues may come out as a pair of complex numbers whose imaginary part is rounding
    return {f"shape_{name}": float(np.real(value)) for name, value in found.items()}


def check(region: np.ndarray, spacing: tuple[float, ...]) -> None:
    expected, found = of_pyradiomics(region, spacing), shape_features(region, spacing)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        if math.isnan(value):
            assert math.isnan(found[name]), name
        else:
            assert found[name] == pytest.approx(value, rel=1e-11, abs=1e-9), name


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.tuples(*[st.integers(1, 12)] * 3),
    st.tuples(*[st.floats(0.3, 5.0)] * 3),
    st.sampled_from([0.15, 0.5, 0.9]),
    st.integers(0, 2**32 - 1),
)
def test_random_masks(
    shape: tuple[int, int, int], spacing: tuple[float, ...], share: float, seed: int
) -> None:
    region = np.random.default_rng(seed).random(shape) < share
    assume(region.sum() > 1)
    check(cut_out(region).voxels, spacing)


@pytest.mark.parametrize("n_voxels", [2, 3, 9])
def test_rods_and_plates_span_no_volume_of_vertices(n_voxels: int) -> None:
    check(np.ones((1, 1, n_voxels), dtype=bool), (1.0, 1.0, 2.0))
    check(np.ones((1, n_voxels, n_voxels), dtype=bool), (0.7, 1.0, 2.0))


def test_a_large_region() -> None:
    z, y, x = np.mgrid[-20:21, -24:25, -17:18]
    check((z / 20) ** 2 + (y / 24) ** 2 + (x / 17) ** 2 <= 1, (0.9, 1.1, 3.0))


def test_every_kind_of_cube() -> None:
    for kind in range(1, 256):
        cube = np.array([kind >> bit & 1 for bit in range(8)], dtype=bool).reshape(2, 2, 2)
        if cube.sum() > 1:
            check(cut_out(cube).voxels, (1.3, 0.8, 2.1))
