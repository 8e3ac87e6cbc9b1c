"""Bit for bit the decompositions of PyRadiomics, near the border and far from it."""

from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st
from radiomics.imageoperations import getWaveletImage

from roentgene.ingest.extract.fast.wavelet import wavelet_images


def of_pyradiomics(voxels: np.ndarray, **own: Any) -> dict[str, np.ndarray]:
    images = getWaveletImage(sitk.GetImageFromArray(voxels), None, **own)
    return {name: sitk.GetArrayFromImage(image) for image, name, _ in images}


@st.composite
def asked(draw: st.DrawFn) -> tuple[np.ndarray, dict[str, Any], Any]:
    shape = draw(st.tuples(*[st.integers(5, 60)] * 3))
    dtype = draw(st.sampled_from([np.int16, np.float32, np.float64]))
    seed = draw(st.integers(0, 2**32 - 1))
    voxels = np.random.default_rng(seed).normal(0, 100, shape).astype(dtype)
    own = {
        "wavelet": draw(st.sampled_from(["coif1", "haar", "db4", "sym3"])),
        "level": draw(st.integers(1, 2)),
        "start_level": draw(st.integers(0, 1)),
    }
    box = []
    for length in shape:
        first = draw(st.integers(0, length - 1))
        box.append(slice(first, draw(st.integers(first + 1, min(first + 9, length)))))
    return voxels, own, tuple(box)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(asked())
def test_every_box_is_that_of_pyradiomics_to_the_last_bit(case: Any) -> None:
    voxels, own, box = case
    expected = of_pyradiomics(voxels, **own)
    found = dict(wavelet_images(voxels, own, box))
    assert list(found) == list(expected)
    for name, values in found.items():
        assert values.dtype == expected[name].dtype
        assert np.array_equal(values, expected[name][box]), name


@pytest.mark.parametrize("first", [0, 5, 6, 7, 30, 88, 89, 90, 91, 95])
def test_where_the_crop_begins_to_touch_the_border(first: int) -> None:
    voxels = np.random.default_rng(first).normal(size=(99, 30, 30)).astype(np.float32)
    box = (slice(first, first + 4), slice(12, 16), slice(12, 15))
    expected = of_pyradiomics(voxels)
    for name, values in wavelet_images(voxels, {}, box):
        assert np.array_equal(values, expected[name][box]), name


def test_a_small_box_costs_no_more_memory_than_its_crop() -> None:
    import tracemalloc

    voxels = np.zeros((120, 120, 120), dtype=np.float32)
    box = (slice(50, 60), slice(50, 60), slice(50, 60))
    tracemalloc.start()
    try:
        list(wavelet_images(voxels, {}, box))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < voxels.nbytes
