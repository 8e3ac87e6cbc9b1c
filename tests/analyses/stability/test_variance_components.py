from itertools import product

import numpy as np
import pytest

from roentgene.analyses.stability.restricted_likelihood import derivatives, likelihood, sums_of
from roentgene.analyses.stability.variance_components import VarianceComponents, reml

RATINGS = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float
)


def one(table: np.ndarray, *, crossed: bool = True) -> VarianceComponents:
    return VarianceComponents(*(part[0] for part in reml(table[None], crossed=crossed)))


def made(seed: int, shape: tuple[int, int, int], missing: float = 0.2) -> np.ndarray:
    """Ratings with effects of targets and raters, some of which are missing."""
    random = np.random.default_rng(seed)
    features, targets, raters = shape
    ratings = random.normal(size=(features, targets, 1)) + random.normal(size=shape)
    ratings += 0.5 * random.normal(size=(features, 1, raters))
    ratings[random.random(shape) < missing] = np.nan
    return ratings


def dense_criterion(table: np.ndarray, a: float, b: float) -> float:
    """The likelihood as its definition has it, with the matrix of the model."""
    target, rater = np.nonzero(np.isfinite(table))
    y = table[target, rater]
    y = (y - y.mean()) / y.std()
    v = np.eye(y.size) + a * (target[:, None] == target) + b * (rater[:, None] == rater)
    inverse, one = np.linalg.inv(v), np.ones(y.size)
    information = one @ inverse @ one
    residual = y - (one @ inverse @ y) / information
    error = residual @ inverse @ residual / (y.size - 1)
    return float(np.linalg.slogdet(v)[1] + np.log(information) + (y.size - 1) * np.log(error))


def test_a_missing_cell_as_r_has_it() -> None:
    table = RATINGS.copy()
    table[1, 1] = np.nan
    found = one(table)
    # R psych 2.2.9, lmer=TRUE, as it prints them
    assert found.target / sum(found) == pytest.approx(0.2968652, abs=2e-6)
    assert found.target / (found.target + found.error) == pytest.approx(0.7284196, abs=2e-6)


def test_one_way_equals_statsmodels() -> None:
    from statsmodels.regression.mixed_linear_model import MixedLM

    random = np.random.default_rng(8)
    table = random.normal(size=(15, 1)) + random.normal(size=(15, 4))
    table[random.random(table.shape) < 0.2] = np.nan
    target, rater = np.nonzero(np.isfinite(table))
    values = table[target, rater]
    fitted = MixedLM(values, np.ones((values.size, 1)), target).fit(reml=True, gtol=1e-9)
    found = one(table, crossed=False)
    assert found.target == pytest.approx(float(fitted.cov_re[0, 0]), rel=1e-4)
    assert found.error == pytest.approx(fitted.scale, rel=1e-5)
    assert found.rater == 0.0


def test_the_likelihood_is_that_of_the_matrix_of_the_model() -> None:
    ratings = made(4, (5, 7, 3))
    sums, _ = sums_of(ratings, crossed=True)
    for a, b in product((0.0, 0.3, 40.0), repeat=2):
        found = likelihood(np.tile([a, b], (5, 1)), sums).criterion
        expected = [dense_criterion(table, a, b) for table in ratings]
        assert found == pytest.approx(np.array(expected), abs=1e-10)


def test_derivatives_are_those_of_the_likelihood() -> None:
    sums, _ = sums_of(made(5, (4, 9, 4)), crossed=True)
    ratios, step = np.tile([0.7, 0.3], (4, 1)), 1e-5
    gradient, hessian = derivatives(ratios, sums)
    for place, move in enumerate(step * np.eye(2)):
        sides = ratios + move, ratios - move
        up, down = (likelihood(side, sums).criterion for side in sides)
        assert gradient[:, place] == pytest.approx((up - down) / (2 * step), abs=1e-6)
        steeper, flatter = (derivatives(side, sums)[0] for side in sides)
        assert hessian[:, place] == pytest.approx((steeper - flatter) / (2 * step), abs=1e-5)


def test_nothing_near_what_is_found_is_more_likely() -> None:
    # small tables: variances of nought, and likelihoods that curve the other way
    for shape in ((40, 6, 3), (20, 12, 3)):
        ratings = made(6, shape)
        sums, _ = sums_of(ratings, crossed=True)
        target, rater, error = reml(ratings)
        best = np.stack([target / error, rater / error], axis=1)
        criterion = likelihood(best, sums).criterion
        for move in product((-6.0, -0.5, -0.01, 0.0, 0.01, 0.5, 6.0), repeat=2):
            near = np.maximum(best, 1e-6) * np.exp(move)
            assert (likelihood(near, sums).criterion >= criterion - 1e-7).all()


def test_a_feature_is_fitted_the_same_among_others() -> None:
    ratings = made(7, (30, 8, 3))
    together = np.array(reml(ratings))
    alone = np.array([one(table) for table in ratings]).T
    assert together == pytest.approx(alone, rel=1e-9, abs=1e-12)


def test_offset_and_unit_change_nothing() -> None:
    # trap 10
    found = one(RATINGS)
    moved = one(1e-3 * RATINGS + 1e6)
    assert np.array(moved) == pytest.approx(1e-6 * np.array(found), rel=1e-4)


def test_a_variance_that_would_be_negative_is_zero() -> None:
    table = np.array([[1, 9], [9, 1], [2, 8], [8, 2.5], [5, 5.5]])
    found = one(table)
    assert (found.target, found.rater) == (0.0, 0.0)
    assert found.error == pytest.approx(table.var(ddof=1), rel=1e-9)
