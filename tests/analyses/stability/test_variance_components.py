import numpy as np
import pytest

from roentgene.analyses.stability.variance_components import reml

RATINGS = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float
)


def long(table: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    target, rater = np.indices(table.shape)
    given = np.isfinite(table)
    return target[given], rater[given], table[given]


def test_a_missing_cell_as_r_has_it() -> None:
    table = RATINGS.copy()
    table[1, 1] = np.nan
    found = reml(*long(table))
    # R psych 2.2.9, lmer=TRUE, as it prints them
    assert found.target / sum(found) == pytest.approx(0.2968652, abs=2e-6)
    assert found.target / (found.target + found.error) == pytest.approx(0.7284196, abs=2e-6)


def test_one_way_equals_statsmodels() -> None:
    from statsmodels.regression.mixed_linear_model import MixedLM

    random = np.random.default_rng(8)
    table = random.normal(size=(15, 1)) + random.normal(size=(15, 4))
    table[random.random(table.shape) < 0.2] = np.nan
    target, _, values = long(table)
    fitted = MixedLM(values, np.ones((values.size, 1)), target).fit(reml=True, gtol=1e-9)
    found = reml(target, None, values)
    assert found.target == pytest.approx(float(fitted.cov_re[0, 0]), rel=1e-4)
    assert found.error == pytest.approx(fitted.scale, rel=1e-5)
    assert found.rater == 0.0


def test_offset_and_unit_change_nothing() -> None:
    # trap 10
    target, rater, values = long(RATINGS)
    found = reml(target, rater, values)
    moved = reml(target, rater, 1e-3 * values + 1e6)
    assert np.array(moved) == pytest.approx(1e-6 * np.array(found), rel=1e-4)


def test_a_variance_that_would_be_negative_is_zero() -> None:
    table = np.array([[1, 9], [9, 1], [2, 8], [8, 2.5], [5, 5.5]])
    target, rater, values = long(table)
    found = reml(target, rater, values)
    assert (found.target, found.rater) == (0.0, 0.0)
    assert found.error == pytest.approx(values.var(ddof=1), rel=1e-9)
