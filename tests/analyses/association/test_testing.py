"""The association engine beside scipy and statsmodels, and its guards: traps of the statistics."""

from itertools import product
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from statsmodels.stats.multitest import multipletests
from threadpoolctl import threadpool_limits

from roentgene.analyses.association import correlation_blocks
from roentgene.analyses.association.ranks import Columns
from roentgene.analyses.association.testing import (
    P_METHODS,
    REASONS,
    associate,
    correct_together,
)

Floats = NDArray[np.float64]


def _made(seed: int, n: int, n_features: int, n_targets: int) -> tuple[Floats, Floats]:
    """Features and targets of which some are related, and some have ties."""
    random = np.random.default_rng(seed)
    targets = random.normal(size=(n, n_targets))
    features = random.normal(size=(n, n_features))
    features[:, ::3] += targets[:, [0]]
    features[:, 1] = features[:, 1].round()
    targets[:, 1] = targets[:, 1].round(1)
    return features, targets


def _same(one: Any, other: Any) -> None:
    """Assert that two results have the same pairs, and the same numbers but for rounding."""
    assert np.array_equal(one.feature, other.feature)
    assert np.array_equal(one.target, other.target)
    np.testing.assert_allclose(one.estimate, other.estimate, rtol=0, atol=1e-15)
    np.testing.assert_allclose(one.p_value, other.p_value, rtol=1e-11)
    np.testing.assert_allclose(one.q_value, other.q_value, rtol=1e-11)
    assert np.array_equal(one.n_tests, other.n_tests)
    assert one.counts == other.counts


@pytest.mark.parametrize("method", ["spearman", "pearson"])
def test_correlations_are_those_of_scipy_pair_by_pair(method: Any) -> None:
    features, targets = _made(1, 40, 7, 6)
    # trap 1: a NaN is no value, and not the largest one
    features[[3, 4, 9], 2] = np.nan
    targets[[4, 30], 3] = np.nan
    found = associate(features, targets, method=method)
    assert found.counts["tested"] == found.p_value.size == 42
    for place, (i, j) in enumerate(product(range(7), range(6))):
        both = np.isfinite(features[:, i] + targets[:, j])
        peer = stats.spearmanr if method == "spearman" else stats.pearsonr
        expected = peer(features[both, i], targets[both, j])
        assert (found.feature[place], found.target[place], found.n[place]) == (i, j, both.sum())
        assert found.estimate[place] == pytest.approx(expected.statistic, rel=0, abs=1e-15)
        assert found.p_value[place] == pytest.approx(expected.pvalue, rel=1e-12)
    assert {P_METHODS[code] for code in found.p_method} == {"t_approximation"}


def test_two_groups_are_those_of_mann_and_whitney() -> None:
    features, _ = _made(2, 35, 6, 2)
    random = np.random.default_rng(2)
    targets = random.integers(0, 2, size=(35, 4)) * 3.0 - 1.0
    targets[[0, 5], 2] = np.nan
    found = associate(features, targets, method="mann_whitney")
    assert found.auc is not None
    for place, (i, j) in enumerate(product(range(6), range(4))):
        upper, lower = (features[targets[:, j] == value, i] for value in (2.0, -1.0))
        expected = stats.mannwhitneyu(upper, lower, method="asymptotic")
        assert found.statistic[place] == expected.statistic
        assert found.p_value[place] == pytest.approx(expected.pvalue, rel=1e-12)
        area = (upper[:, None] > lower).mean() + (upper[:, None] == lower).mean() / 2
        assert found.auc[place] == pytest.approx(area, abs=1e-15)
        assert found.estimate[place] == pytest.approx(2 * area - 1, abs=1e-15)
    kept = associate(features, targets, method="mann_whitney", keep_p=0.2)
    some = found.p_value <= 0.2
    assert 0 < some.sum() < some.size
    assert np.array_equal(kept.p_value, found.p_value[some])


def test_several_groups_are_those_of_kruskal_and_wallis() -> None:
    features, _ = _made(3, 45, 5, 2)
    random = np.random.default_rng(3)
    targets = random.integers(0, 4, size=(45, 70)).astype(float)
    targets[[1, 7], 69] = np.nan
    found = associate(features, targets, method="kruskal")
    for place, (i, j) in enumerate(product(range(5), range(70))):
        groups = [features[targets[:, j] == code, i] for code in range(4)]
        expected = stats.kruskal(*groups)
        assert found.statistic[place] == pytest.approx(expected.statistic, rel=1e-12)
        assert found.p_value[place] == pytest.approx(expected.pvalue, rel=1e-11)
        assert found.estimate[place] * (found.n[place] - 1) == pytest.approx(expected.statistic)


def test_few_persons_without_ties_have_an_exact_p() -> None:
    features, targets = _made(4, 8, 3, 3)
    correlated = associate(features[:, [0]], targets[:, [0]])
    assert P_METHODS[correlated.p_method[0]] == "exact"
    upper = (targets[:, [0]] > np.median(targets[:, 0])).astype(float)
    groups = associate(features, upper, method="mann_whitney")
    values = [features[upper[:, 0] == code, 0] for code in (1.0, 0.0)]
    expected = stats.mannwhitneyu(*values, method="exact")
    assert groups.p_value[0] == pytest.approx(expected.pvalue, rel=1e-12)
    # the second feature has ties
    assert [P_METHODS[code] for code in groups.p_method] == [
        "exact",
        "normal_approximation",
        "exact",
    ]


def test_few_persons_with_ties_have_no_p_that_no_permutation_gives() -> None:
    halves, untied = np.array([[1.0, 1.0, 2.0, 2.0]]).T, np.arange(4.0)[:, None]
    ranked = associate(halves, halves)
    assert (ranked.p_value[0], P_METHODS[ranked.p_method[0]]) == (pytest.approx(2 / 6), "exact")
    # of all 24 orders, 4 are the same
    valued = associate(halves, np.hstack([halves, untied]), method="pearson")
    assert valued.p_value == pytest.approx([4 / 24, 4 / 24])
    assert {P_METHODS[code] for code in valued.p_method} == {"permutation_bound"}
    kept = associate(halves, halves, method="pearson", keep_p=0.1)
    assert (kept.counts["tested"], kept.counts["kept"]) == (1, 0)
    # without ties it is scipy's
    line = associate(untied, untied**2, method="pearson")
    expected = stats.pearsonr(untied[:, 0], untied[:, 0] ** 2)
    assert line.p_value[0] == pytest.approx(expected.pvalue, rel=1e-12)
    assert P_METHODS[line.p_method[0]] == "t_approximation"


@pytest.mark.parametrize(
    "sizes", [[2] * 6, [2] * 10, [3] * 12, [10] * 3, [2] * 4 + [20]], ids=lambda s: f"{len(s)} of"
)
def test_small_strata_do_not_find_what_is_not_there(sizes: list[int]) -> None:
    random = np.random.default_rng(16)
    strata = np.repeat(np.arange(len(sizes)), sizes)
    features, targets = random.normal(size=(2, strata.size, 250))
    targets[:, ::4] = targets[:, ::4] > 0
    found = associate(features, targets, strata=strata)
    assert {P_METHODS[code] for code in found.p_method} == {"t_or_normal_approximation"}
    for alpha, most in ((0.05, 0.056), (0.01, 0.0115), (0.001, 0.0012)):
        assert (found.p_value <= alpha).mean() <= most
    assert found.p_value.all()
    for keep_p in (0.03, 0.002):
        kept = associate(features, targets, strata=strata, keep_p=keep_p)
        expected = found.p_value[found.p_value <= keep_p]
        np.testing.assert_allclose(kept.p_value, expected, rtol=1e-11)


def test_three_persons_are_refused_and_nine_are_flagged() -> None:
    # trap 4
    features, targets = _made(5, 12, 3, 2)
    features[3:, 0] = features[9:, 1] = features[10:, 2] = np.nan
    found = associate(features, targets[:, :1], list_untested=True)
    assert found.n.tolist() == [9, 10]
    assert found.few_persons.tolist() == [True, False]
    assert found.untested is not None
    assert found.untested.n.tolist() == [3]
    assert [REASONS[code] for code in found.untested.reason] == ["too_few_persons"]
    assert found.n_tests.tolist() == [2]


def test_infinite_values_are_missing_and_counted() -> None:
    # trap 2
    features, targets = _made(6, 20, 2, 2)
    features[[1, 2], 0] = np.inf, -np.inf
    targets[2, 1] = np.inf
    for method in ("spearman", "pearson"):
        found = associate(features, targets, method=method)  # type: ignore[arg-type]
        assert found.n_infinite == 3
        assert found.n.tolist() == [18, 18, 20, 19]


def test_what_cannot_be_tested_is_not_counted_among_the_tests() -> None:
    # traps 3 and 18
    features, targets = _made(7, 30, 6, 5)
    features[:, 2] = [0.3, 0.1 * 3] * 15
    features[:, 4] = features[:, 0]
    targets[:, 3] = 1e6
    families = np.array([0, 0, 1, 1, 1, 3])
    duplicate = np.arange(6) == 4
    found = associate(features, targets, families=families, duplicate=duplicate, list_untested=True)
    assert found.n_tests.tolist() == [8, 4, 0, 4]
    assert found.counts == {
        "pairs": 30,
        "tested": 16,
        "kept": 16,
        "too_few_persons": 0,
        "constant_feature": 5,
        "constant_target": 5,
        "duplicate_feature": 4,
        "explained_by_covariates": 0,
    }
    assert found.untested is not None
    assert found.untested.feature.tolist() == [0, 1, 2, 2, 2, 2, 2, 3, 4, 4, 4, 4, 4, 5]
    assert found.untested.target.tolist() == [3, 3, 0, 1, 2, 3, 4, 3, 0, 1, 2, 3, 4, 3]
    for family in (0, 1, 3):
        members = found.family == family
        expected = multipletests(found.p_value[members], method="fdr_bh")[1]
        np.testing.assert_allclose(found.q_value[members], expected, rtol=1e-15)


def test_families_over_several_blocks_are_corrected_together() -> None:
    features, targets = _made(8, 30, 6, 8)
    families = np.array([0, 0, 1, 1, 2, 2])
    whole = associate(features, targets, families=families)
    parts = [
        associate(features, targets[:, :3], families=families),
        associate(features, targets[:, 3:], families=families),
    ]
    together = correct_together(parts)
    assert all(np.array_equal(part.n_tests, whole.n_tests) for part in together)
    first = whole.target < 3
    np.testing.assert_array_equal(together[0].q_value, whole.q_value[first])
    np.testing.assert_array_equal(together[1].q_value, whole.q_value[~first])


def test_q_of_the_tail_is_that_of_all_tests() -> None:
    # trap 11
    features, targets = _made(9, 60, 40, 30)
    whole = associate(features, targets)
    for keep_p in (0.003, 0.02, 0.1, float(np.sort(whole.p_value)[17])):
        tail = associate(features, targets, keep_p=keep_p)
        kept = whole.p_value <= keep_p
        assert np.array_equal(tail.feature, whole.feature[kept])
        assert np.array_equal(tail.target, whole.target[kept])
        assert np.array_equal(tail.p_value, whole.p_value[kept])
        assert np.array_equal(tail.q_is_exact, tail.q_value <= keep_p)
        exact = whole.q_value[kept] <= keep_p
        assert np.array_equal(tail.q_is_exact, exact)
        assert np.array_equal(tail.q_value[exact], whole.q_value[kept][exact])
        assert (tail.q_value >= whole.q_value[kept]).all()
    assert whole.q_is_exact.all()


@pytest.mark.parametrize("method", ["spearman", "pearson"])
def test_no_pair_is_lost_by_single_precision(method: Any, monkeypatch: Any) -> None:
    # trap 12: with 1,500 persons neither statistic is exact in single precision
    random = np.random.default_rng(10)
    features, targets = random.normal(size=(1500, 30)), random.normal(size=(1500, 40))
    # of ranks, limits that are not alike; all vectors of length 1 have one
    features[:, 3] = features[:, 3] > 0
    whole = associate(features, targets, method=method)

    def lost() -> int:
        # every pair is once the last that is kept; double precision rounds, too
        limits = np.sort(whole.p_value)[:60] * (1 + 1e-10)
        kept = [associate(features, targets, method=method, keep_p=p).feature.size for p in limits]
        return int((np.arange(1, 61) != kept).sum())

    assert lost() == 0
    monkeypatch.setattr(correlation_blocks, "guard_band", lambda n: 0.0)
    assert lost() > 0


def test_p_is_uniform_when_persons_are_shuffled() -> None:
    # trap 13, with ties, missing values and a covariate
    random = np.random.default_rng(11)
    features, targets = random.normal(size=(60, 40)), random.normal(size=(60, 60))
    features[:, ::5] = features[:, ::5].round(1)
    targets[5:9, ::2] = np.nan
    age = random.normal(size=(60, 1))
    # related, but no longer to the same person
    shuffled = (features + targets[:, [1]] + age)[random.permutation(60)]
    for covariates in (None, age):
        found = associate(shuffled, targets, covariates=covariates)
        # the features share a part: of each target only some are independent
        one = found.p_value[(found.feature == 7) | (found.feature == found.target % 40)]
        assert stats.kstest(one, "uniform").pvalue > 0.01
    for columns in (features, features[:, ::5]):
        found = associate(columns[random.permutation(60)], targets, covariates=age)
        assert stats.kstest(found.p_value, "uniform").pvalue > 0.01


@pytest.mark.parametrize("method", ["spearman", "pearson"])
def test_a_perfect_correlation_has_p_zero(method: Any) -> None:
    # trap 14
    values = np.random.default_rng(1).normal(size=(31, 40))
    lines = np.hstack([3 * values - 1, -values])
    found = associate(values, lines, method=method)
    perfect = found.target % 40 == found.feature
    assert found.estimate[perfect].tolist() == [1.0, -1.0] * 40
    assert not found.p_value[perfect].any()
    assert found.p_value[~perfect].all()


def test_a_large_offset_costs_no_digits() -> None:
    # trap 10
    features, targets = _made(12, 50, 5, 4)
    plain = associate(features, targets, method="pearson")
    # values that are exact at the offset
    rounded = np.round(features * 2**20) / 2**20
    far = associate(rounded + 2.0**20, targets, method="pearson")
    near = associate(rounded, targets, method="pearson")
    np.testing.assert_allclose(far.estimate, near.estimate, rtol=0, atol=1e-15)
    np.testing.assert_allclose(far.estimate, plain.estimate, rtol=0, atol=1e-5)
    # so far off that the mean itself is rounded by more than the values are
    coarse = np.round(features * 2**8) / 2**8
    farthest = associate(coarse + 2.0**38, targets, method="pearson")
    nearest = associate(coarse, targets, method="pearson")
    np.testing.assert_allclose(farthest.estimate, nearest.estimate, rtol=0, atol=1e-15)


CASES: list[dict[str, Any]] = [
    {},
    {"keep_p": 0.05},
    {"method": "pearson", "keep_p": 0.05},
    {"method": "pearson"},
    {"covariates": True, "keep_p": 0.05},
    {"covariates": True, "strata": True},
    {"method": "kruskal"},
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_neither_threads_nor_blocks_nor_order_matter(case: Any, monkeypatch: Any) -> None:
    # traps 9 and 17
    case = dict(case)
    features, targets = _made(13, 50, 23, 90)
    if case.get("method") == "kruskal":
        targets = targets.round()
    features[:4, 5] = targets[7, ::2] = np.nan
    rest = np.random.default_rng(1).normal(size=(50, 2))
    strata = np.arange(50) % 3
    order = np.random.default_rng(2).permutation(50)
    given = case | {
        key: value for key, value in (("covariates", rest), ("strata", strata)) if key in case
    }
    moved = case | {
        key: value[order]
        for key, value in (("covariates", rest), ("strata", strata))
        if key in case
    }
    whole = associate(features, targets, **given)
    _same(whole, associate(features[order], targets[order], **moved))
    monkeypatch.setattr(correlation_blocks, "BLOCK", 32)
    with threadpool_limits(2):
        together = associate(features, targets, **given)
    with threadpool_limits(1):
        alone = associate(features, targets, **given)
    assert np.array_equal(together.estimate, alone.estimate)
    assert np.array_equal(together.p_value, alone.p_value)
    _same(whole, alone)
    for block in (1, 7, 1000):
        monkeypatch.setattr(correlation_blocks, "BLOCK", block)
        _same(whole, associate(features, targets, **given))


def test_columns_keep_their_ranks() -> None:
    features, targets = _made(14, 30, 4, 6)
    features[2, 1] = np.nan
    kept = Columns(features)
    for chosen in (slice(0, 3), slice(3, 6), slice(0, 3)):
        once = associate(kept, targets[:, chosen])
        _same(once, associate(features, targets[:, chosen]))


def test_what_does_not_fit_is_refused() -> None:
    features, targets = _made(15, 20, 2, 2)
    with pytest.raises(ValueError, match="20 rows of features but 19 of targets"):
        associate(features, targets[:19])
    with pytest.raises(ValueError, match="20 rows of features but 18 of covariates"):
        associate(features, targets, covariates=targets[:18])
    with pytest.raises(ValueError, match="20 rows of features but 18 of strata"):
        associate(features, targets, strata=np.zeros(18, int))
    with pytest.raises(ValueError, match="more than two values"):
        associate(features, targets, method="mann_whitney")
    with pytest.raises(ValueError, match="kruskal takes no covariates"):
        associate(features, targets, method="kruskal", covariates=targets)


def test_nothing_to_test_gives_nothing() -> None:
    nothing = np.empty((20, 0))
    for method in ("spearman", "pearson", "mann_whitney", "kruskal"):
        found = associate(np.ones((20, 1)), np.ones((20, 2)), method=method)  # type: ignore[arg-type]
        assert (found.counts["tested"], found.counts["constant_feature"]) == (0, 2)
        assert associate(nothing, nothing, method=method).counts["pairs"] == 0  # type: ignore[arg-type]
