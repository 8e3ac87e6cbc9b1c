import numpy as np

from roentgene.analyses.constant import is_constant


def test_rounding_is_no_spread_but_a_small_spread_at_a_large_offset_is() -> None:
    low = np.array([0.3, 0.0, -5.0, 1e6, -1e-30])
    high = np.array([0.1 * 3, 0.0, -5.0, 1e6 + 0.01, 1e-30])
    assert is_constant(low, high).tolist() == [True, True, True, False, False]
