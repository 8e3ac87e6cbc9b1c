import numpy as np
import pytest
from scipy import stats

from roentgene.analyses.multiple_testing import benjamini_hochberg, benjamini_hochberg_tail


def test_equals_scipy_within_each_family_and_counts_tested_pairs_alone() -> None:
    random = np.random.default_rng(1)
    p_values, family = random.uniform(size=200) ** 2, random.integers(0, 3, size=200)
    p_values[::7] = np.nan
    found = benjamini_hochberg(p_values, family)
    for number in range(3):
        tested = (family == number) & np.isfinite(p_values)
        expected = stats.false_discovery_control(p_values[tested])
        np.testing.assert_allclose(found.q_value[tested], expected, rtol=1e-14)
        assert (found.n_tests[family == number] == tested.sum()).all()
    assert np.isnan(found.q_value[::7]).all()


def test_one_family_more_means_other_q_values() -> None:
    p_values = np.array([0.01, 0.04])
    assert benjamini_hochberg(p_values, np.array([0, 0])).q_value.tolist() == [0.02, 0.04]
    assert benjamini_hochberg(p_values, np.array([0, 1])).q_value.tolist() == [0.01, 0.04]


def test_a_family_without_tests_has_no_q() -> None:
    found = benjamini_hochberg(np.array([np.nan, 0.03]), np.array([0, 1]))
    assert np.isnan(found.q_value[0])
    assert found.q_value[1] == pytest.approx(0.03)
    assert found.n_tests.tolist() == [0, 1]


def test_the_tail_has_the_q_of_all_tests() -> None:
    random = np.random.default_rng(2)
    p_values, family = random.uniform(size=300) ** 3, random.integers(0, 4, size=300)
    family[family == 2] = 3
    whole = benjamini_hochberg(p_values, family)
    n_tests = np.bincount(family, minlength=5)
    kept = p_values < 0.05
    tail = benjamini_hochberg_tail(p_values[kept], family[kept], n_tests)
    exact = whole.q_value[kept] <= 0.05
    assert exact.any()
    np.testing.assert_array_equal(tail[exact], whole.q_value[kept][exact])
    assert (tail[~exact] > 0.05).all()
    everything = benjamini_hochberg_tail(p_values, family, n_tests)
    np.testing.assert_array_equal(everything, whole.q_value)
