import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from radiomics.imageoperations import binImage

from roentgene.ingest.extract.fast.binning import grey_levels

TYPES = [np.int64, np.float32, np.float64]


def of_pyradiomics(values: np.ndarray, width: float) -> np.ndarray:
    binned, _ = binImage(values, np.ones(values.shape, dtype=bool), binWidth=width)
    return binned


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.1, 0.37, 1, 3, 25, 100.0]),
    st.sampled_from(TYPES),
    st.integers(2, 200),
)
def test_levels_are_those_of_pyradiomics(seed: int, width: float, dtype: type, n: int) -> None:
    rng = np.random.default_rng(seed)
    values = (rng.normal(0, 40 * width, n)).astype(dtype)
    # some of them on an edge, where rounding decides
    values[: n // 2] = (rng.integers(-50, 50, n // 2) * width).astype(dtype)
    assert np.array_equal(grey_levels(values, {"binWidth": width}), of_pyradiomics(values, width))


@pytest.mark.parametrize("dtype", TYPES)
def test_one_value_is_one_level(dtype: type) -> None:
    values = np.full(5, 50, dtype=dtype)
    assert np.array_equal(grey_levels(values, {"binWidth": 25}), of_pyradiomics(values, 25))
    assert set(grey_levels(values, {"binWidth": 25})) == {1}
