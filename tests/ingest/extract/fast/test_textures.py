"""Exactly the matrices that PyRadiomics' C code counts."""

from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from radiomics.glcm import RadiomicsGLCM
from radiomics.gldm import RadiomicsGLDM
from radiomics.glrlm import RadiomicsGLRLM
from radiomics.glszm import RadiomicsGLSZM
from radiomics.ngtdm import RadiomicsNGTDM

from roentgene.ingest.block import cut_out
from roentgene.ingest.extract.fast import features
from roentgene.ingest.extract.fast.textures import texture_matrices

STOCK = {
    "P_glcm": (RadiomicsGLCM, features._GLCM),
    "P_glrlm": (RadiomicsGLRLM, features._GLRLM),
    "P_glszm": (RadiomicsGLSZM, features._GLSZM),
    "P_gldm": (RadiomicsGLDM, features._GLDM),
    "P_ngtdm": (RadiomicsNGTDM, features._NGTDM),
}


@st.composite
def regions(draw: st.DrawFn) -> np.ndarray:
    """Grey levels from 1 in a region, 0 outside."""
    shape = draw(st.tuples(*[st.integers(1, 9)] * 3))
    share = draw(st.sampled_from([0.05, 0.3, 0.7, 1.0]))
    n_levels = draw(st.sampled_from([1, 2, 5, 40]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    levels = rng.integers(1, n_levels + 1, shape) * (rng.random(shape) < share)
    levels[tuple(rng.integers(0, shape))] = 1
    # PyRadiomics refuses a single voxel
    assume(np.count_nonzero(levels) > 1)
    return levels[cut_out(levels > 0).box].astype(np.int32)


def of_pyradiomics(feature_class: Any, attribute: str, levels: np.ndarray) -> np.ndarray:
    image = sitk.GetImageFromArray(levels.astype(np.int64))
    mask = sitk.GetImageFromArray((levels > 0).astype(np.uint8))
    made = feature_class(image, mask, binWidth=1)
    made._initCalculation()
    return getattr(made, attribute)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(regions())
def test_matrices_are_those_of_pyradiomics(levels: np.ndarray) -> None:
    matrices = texture_matrices(levels)
    for attribute, (stock, ours) in STOCK.items():
        expected = of_pyradiomics(stock, attribute, levels)
        found = getattr(ours(matrices, {}), attribute)
        if attribute == "P_ngtdm":
            found = found[:, found[0, :, 0] > 0]
        assert found.shape == expected.shape, attribute
        assert np.array_equal(found, expected, equal_nan=True), attribute


def test_a_gap_within_a_line_keeps_its_runs() -> None:
    # two voxels of one line that are no neighbours; along every other angle there is one a line
    levels = np.zeros((3, 3, 3), dtype=np.int32)
    levels[0, 0, 0] = levels[0, 0, 2] = levels[2, 2, 1] = 1
    expected = of_pyradiomics(RadiomicsGLRLM, "P_glrlm", levels)
    found = features._GLRLM(texture_matrices(levels), {}).P_glrlm
    assert np.array_equal(found, expected)
    assert found.shape[3] == 1


@pytest.mark.parametrize("shape", [(1, 8, 8), (8, 1, 8), (8, 8, 1)])
def test_one_slice_has_four_angles(shape: tuple[int, int, int]) -> None:
    levels = np.random.default_rng(2).integers(1, 4, shape).astype(np.int32)
    assert texture_matrices(levels).glcm.shape[3] == 4
