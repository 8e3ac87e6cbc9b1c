import numpy as np
import pytest

from roentgene.analyses.stability.agreement import agreement
from roentgene.analyses.stability.mean_squares import mean_squares


def test_two_raters_have_lins_coefficient() -> None:
    values = np.random.default_rng(1).normal(size=(5, 30, 2)) + np.array([0.0, 0.4])
    values += np.random.default_rng(2).normal(size=(5, 30, 1))
    found = agreement(mean_squares(values))
    for ratings, ccc in zip(values, found.ccc, strict=True):
        # Lin 1989, equation 2, with his moments (divided by n)
        x, y = ratings.T
        covariance = np.cov(x, y, bias=True)[0, 1]
        expected = 2 * covariance / (x.var() + y.var() + (x.mean() - y.mean()) ** 2)
        assert ccc == pytest.approx(expected, abs=1e-14)


def test_several_raters_have_barnharts_coefficient() -> None:
    values = np.random.default_rng(3).normal(size=(1, 20, 4)) + np.arange(4) / 3
    values += np.random.default_rng(4).normal(size=(1, 20, 1))
    ratings = values[0]
    covariances, means = np.cov(ratings.T, bias=True), ratings.mean(axis=0)
    pairs = [(i, j) for i in range(4) for j in range(i)]
    # Barnhart, Haber and Song 2002, equation 4: pairwise coefficients weighted by what they lack
    numerator = 2 * sum(covariances[i, j] for i, j in pairs)
    apart = sum((means[i] - means[j]) ** 2 for i, j in pairs)
    expected = numerator / (3 * np.trace(covariances) + apart)
    assert agreement(mean_squares(values)).ccc[0] == pytest.approx(expected, abs=1e-14)


def test_repeatability_of_test_and_retest() -> None:
    values = np.random.default_rng(5).normal(size=(1, 25, 2)) + 10
    difference = values[0, :, 0] - values[0, :, 1]
    found = agreement(mean_squares(values))
    sd = np.sqrt((difference**2).mean() / 2)
    assert found.within_subject_sd[0] == pytest.approx(sd, rel=1e-12)
    assert found.repeatability_coefficient[0] == pytest.approx(2.7718585822512662 * sd, rel=1e-12)
    # Raunig 2015: of two scans, |difference| / mean / sqrt(2)
    cv = np.abs(difference) / values[0].mean(axis=1) / np.sqrt(2)
    assert found.wcv[0] == pytest.approx(np.sqrt((cv**2).mean()), rel=1e-12)


def test_what_has_no_meaning_has_a_reason() -> None:
    values = np.stack([np.arange(10.0).reshape(5, 2) + shift for shift in (1.0, -3.0)])
    found = agreement(mean_squares(values))
    assert found.wcv_reason.tolist() == ["", "values_change_sign"]
    assert np.isnan(found.wcv).tolist() == [False, True]
    uncrossed = agreement(mean_squares(values), crossed=False)
    assert np.isnan(uncrossed.ccc).all()
    assert set(uncrossed.ccc_reason.tolist()) == {"raters_not_crossed"}
    constant = agreement(mean_squares(np.ones((1, 5, 2))))
    assert (constant.ccc_reason[0], constant.wcv_reason[0]) == ("constant_feature",) * 2
    assert np.isnan(constant.repeatability_coefficient[0])


def test_agreement_of_raters_who_never_differ_is_one() -> None:
    values = np.repeat(np.arange(1.0, 7.0).reshape(1, 6, 1), 3, axis=2)
    found = agreement(mean_squares(values))
    assert (found.ccc[0], found.repeatability_coefficient[0], found.wcv[0]) == (1.0, 0.0, 0.0)
