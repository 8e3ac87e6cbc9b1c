"""Bit for bit the Laplacian of Gaussian of SimpleITK, in whatever box of whatever image."""

from typing import Any

import numpy as np
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st

from roentgene.ingest.extract.fast.laplacian import laplacian_of_gaussian


def of_simpleitk(image: sitk.Image, sigma: float) -> np.ndarray:
    laplacian = sitk.LaplacianRecursiveGaussianImageFilter()
    laplacian.SetNormalizeAcrossScale(True)
    laplacian.SetSigma(sigma)
    return sitk.GetArrayFromImage(laplacian.Execute(image))


@st.composite
def asked(draw: st.DrawFn) -> tuple[np.ndarray, tuple[float, ...], float, Any]:
    shape = draw(st.tuples(*[st.integers(4, 40)] * 3))
    spacing = draw(st.tuples(*[st.floats(0.3, 6.0)] * 3))
    dtype = draw(st.sampled_from([np.int16, np.uint8, np.float32, np.float64]))
    seed = draw(st.integers(0, 2**32 - 1))
    voxels = (np.random.default_rng(seed).random(shape) * 250).astype(dtype)
    box = []
    for length in shape:
        first = draw(st.integers(0, length - 1))
        box.append(slice(first, draw(st.integers(first + 1, length))))
    return voxels, spacing, draw(st.floats(0.4, 8.0)), tuple(box)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(asked())
def test_every_box_is_that_of_simpleitk_to_the_last_bit(case: Any) -> None:
    voxels, spacing, sigma, box = case
    image = sitk.GetImageFromArray(voxels)
    image.SetSpacing(spacing)
    expected = of_simpleitk(image, sigma)[box]
    found = laplacian_of_gaussian(voxels, spacing, sigma, box)
    assert found.dtype == expected.dtype == np.float32
    assert np.array_equal(found, expected)


def test_more_lines_than_are_filtered_side_by_side() -> None:
    voxels = np.random.default_rng(4).normal(size=(37, 35, 41))
    box = (slice(3, 30), slice(0, 35), slice(17, 18))
    found = laplacian_of_gaussian(voxels, (1.0, 1.0, 1.0), 2.0, box)
    assert np.array_equal(found, of_simpleitk(sitk.GetImageFromArray(voxels), 2.0)[box])


def test_a_read_only_image_and_a_crop_of_a_larger_one() -> None:
    whole = np.random.default_rng(5).normal(size=(20, 21, 22)).astype(np.float32)
    part = whole[2:17, 3:20, 1:19]
    part.flags.writeable = False
    box = (slice(2, 9), slice(2, 9), slice(2, 9))
    found = laplacian_of_gaussian(part, (1.0, 2.0, 3.0), 1.5, box)
    image = sitk.GetImageFromArray(part.copy())
    image.SetSpacing((1.0, 2.0, 3.0))
    assert np.array_equal(found, of_simpleitk(image, 1.5)[box])
