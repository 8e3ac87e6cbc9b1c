"""Partial and within-strata correlation beside definitions and other ways to the same number."""

import numpy as np
import pytest
from scipy import stats

from roentgene.analyses.association.covariates import adjust
from roentgene.analyses.association.ranks import Columns
from roentgene.analyses.association.testing import REASONS, associate


def test_partial_correlation_has_a_closed_form_with_one_covariate() -> None:
    random = np.random.default_rng(1)
    x, y, z = random.normal(size=(3, 40))
    x, y = x + z, (y + z).round()
    for method, peer in (("spearman", stats.spearmanr), ("pearson", stats.pearsonr)):
        xy, xz, yz = (peer(a, b).statistic for a, b in ((x, y), (x, z), (y, z)))
        expected = (xy - xz * yz) / np.sqrt((1 - xz**2) * (1 - yz**2))
        found = associate(x[:, None], y[:, None], method=method, covariates=z[:, None])
        assert found.estimate[0] == pytest.approx(expected, abs=1e-14)
        t = expected * np.sqrt(37 / (1 - expected**2))
        assert found.p_value[0] == pytest.approx(2 * stats.t.sf(abs(t), 37), rel=1e-10)


def test_a_covariate_that_says_nothing_new_costs_no_degree_of_freedom() -> None:
    # trap 15: collinear with the intercept, or with the other covariates
    random = np.random.default_rng(2)
    x, y = random.normal(size=(2, 30, 3))
    age = random.normal(size=30)
    once = associate(x, y, covariates=age[:, None])
    redundant = np.column_stack([np.full(30, 7.0), age, -3 * age, np.exp(age), np.full(30, 1e9)])
    again = associate(x, y, covariates=redundant)
    np.testing.assert_allclose(again.estimate, once.estimate, rtol=0, atol=1e-14)
    np.testing.assert_allclose(again.p_value, once.p_value, rtol=1e-11)
    assert adjust(np.ones(30, bool), Columns(redundant), None, by_ranks=True).degrees == 27
    strata = np.arange(30) % 2
    same = adjust(np.ones(30, bool), Columns(strata[:, None] * 1.0), strata, by_ranks=True)
    assert same.degrees == 27


def test_what_covariates_explain_wholly_is_not_tested() -> None:
    random = np.random.default_rng(3)
    x, y = random.normal(size=(2, 25, 2))
    found = associate(x, y, covariates=np.exp(x[:, [0]]), list_untested=True)
    assert found.feature.tolist() == [1, 1]
    assert found.n_tests.tolist() == [2]
    assert found.untested is not None
    assert {REASONS[code] for code in found.untested.reason} == {"explained_by_covariates"}


def test_persons_without_a_covariate_are_left_out() -> None:
    random = np.random.default_rng(4)
    x, y, z = random.normal(size=(3, 30, 1))
    z[[2, 17]] = np.nan
    found = associate(x, y, covariates=z)
    kept = np.isfinite(z[:, 0])
    expected = associate(x[kept], y[kept], covariates=z[kept])
    assert found.n.tolist() == [28]
    assert found.estimate == expected.estimate
    # four persons and a covariate leave one degree of freedom
    few = associate(x[3:7], y[3:7], covariates=z[3:7])
    assert few.counts["too_few_persons"] == 1


def test_one_stratum_is_no_stratum() -> None:
    random = np.random.default_rng(5)
    x, y = random.normal(size=(2, 30, 4))
    once, again = associate(x, y), associate(x, y, strata=np.ones(30, int))
    np.testing.assert_allclose(again.estimate, once.estimate, rtol=0, atol=1e-15)
    np.testing.assert_allclose(again.p_value, once.p_value, rtol=1e-11)


def test_scores_within_strata_are_those_of_van_elteren() -> None:
    random = np.random.default_rng(6)
    strata = np.repeat([0, 1, 2], [12, 20, 9])
    x = random.normal(size=41) + 5.0 * strata
    upper = random.integers(0, 2, size=41)
    found = associate(x[:, None], upper[:, None].astype(float), strata=strata)
    # van Elteren's statistic, site by site: the sum of U / (n + 1), less what chance expects
    products, squares = 0.0, np.zeros(2)
    for site in range(3):
        ranks = stats.rankdata(x[strata == site])
        group = stats.rankdata(upper[strata == site])
        n = ranks.size
        scores = [2 * (part - (n + 1) / 2) / (n + 1) for part in (ranks, group)]
        products += scores[0] @ scores[1]
        squares += [part @ part for part in scores]
    assert found.estimate[0] == pytest.approx(products / np.sqrt(squares.prod()), abs=1e-15)
    t = found.estimate[0] * np.sqrt(37 / (1 - found.estimate[0] ** 2))
    assert found.p_value[0] == pytest.approx(2 * stats.t.sf(abs(t), 37), rel=1e-10)


def test_a_difference_between_sites_is_no_association_within_them() -> None:
    random = np.random.default_rng(7)
    strata = np.arange(60) % 2
    x = random.normal(size=(60, 30)) + 4 * strata[:, None]
    y = random.normal(size=(60, 30)) + 4 * strata[:, None]
    assert (associate(x, y).p_value < 1e-4).mean() > 0.9
    within = associate(x, y, strata=strata)
    assert stats.kstest(within.p_value[within.feature == within.target], "uniform").pvalue > 0.01
    # persons who are alone in their site compare with nobody
    alone = strata.copy()
    alone[:3] = 7, 8, 9
    expected = associate(x[3:], y[3:], strata=strata[3:])
    found = associate(x, y, strata=alone)
    assert set(found.n.tolist()) == {57}
    np.testing.assert_allclose(found.estimate, expected.estimate, rtol=0, atol=1e-15)
