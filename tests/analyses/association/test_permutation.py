"""Permutations beside plain loops, and their independence of threads and blocks."""

from itertools import permutations
from typing import Any

import numpy as np
import pytest
from scipy import stats
from threadpoolctl import threadpool_limits

from roentgene.analyses.association import correlation_blocks, shuffled_block
from roentgene.analyses.association.design import design_of
from roentgene.analyses.association.permutation import Part, permute, permute_together
from roentgene.analyses.association.shuffled_block import (
    p_of_score,
    permutation_keys,
    score_of_p,
    shuffle,
)
from roentgene.analyses.association.testing import associate


def _made(seed: int, n: int = 40) -> tuple[Any, Any]:
    random = np.random.default_rng(seed)
    features, targets = random.normal(size=(n, 9)), random.normal(size=(n, 11))
    features[:, 2] += targets[:, 4]
    features[:, 5] += 0.6 * targets[:, 6]
    features[:, 1], targets[:, 3] = features[:, 1].round(), targets[:, 3].round()
    return features, targets


def test_counts_are_those_of_a_plain_loop() -> None:
    features, targets = _made(1)
    families = np.array([0, 1, 1, 0, 1, 0, 0, 2, 2])
    found = permute(features, targets, families=families, up_to_p=0.2, n_permutations=40, seed=3)
    real = np.abs(stats.spearmanr(features, targets).statistic[:9, 9:])
    chance = np.empty((40, 9, 11))
    for number in range(40):
        order = shuffle(permutation_keys(3, number, 40), np.zeros(40, int))
        shuffled = features[order]
        chance[number] = np.abs(stats.spearmanr(shuffled, targets).statistic[:9, 9:])
    kept = associate(features, targets, keep_p=0.2)
    assert np.array_equal(found.feature, kept.feature)
    assert np.array_equal(found.target, kept.target)
    share = np.empty(found.feature.size)
    for place, (i, j) in enumerate(zip(found.feature, found.target, strict=True)):
        members = families == families[i]
        best = chance[:, members].max(axis=(1, 2))
        reached = (best >= real[i, j] - 1e-12).sum()
        assert found.p_family_wise[place] == (1 + reached) / 41
        by_chance = (chance[:, members] >= real[i, j] - 1e-12).sum() / 40
        share[place] = min(by_chance / (real[members] >= real[i, j] - 1e-12).sum(), 1.0)
    for place, i in enumerate(found.feature):
        weaker = (families[found.feature] == families[i]) & (
            found.p_value >= found.p_value[place] * (1 - 1e-9)
        )
        assert found.false_discovery_rate[place] == pytest.approx(share[weaker].min(), rel=1e-12)
    family_wise, discovery = found.of(kept)
    assert np.array_equal(family_wise, found.p_family_wise)
    assert np.array_equal(discovery, found.false_discovery_rate)
    everything = found.of(associate(features, targets))
    assert np.isnan(everything[0]).sum() == 99 - found.feature.size


@pytest.mark.parametrize("method", ["spearman", "pearson"])
def test_shuffles_that_change_nothing_count(method: Any) -> None:
    # of five persons; the other way round r is the same, summed in another order
    random = np.random.default_rng(12)
    targets = random.normal(size=(2, 8)).T @ np.array([[-2, -1, 0, 1, 2], [-1, 0, 0, 0, 1.0]])
    targets = np.vstack([targets, np.tile(np.arange(-2.0, 3.0), (12, 1))])
    features = random.normal(size=(20, 5)) + targets
    features[0] = 3 * targets[0] + 1
    orders = [shuffle(permutation_keys(0, k, 5), np.zeros(5, int)) for k in range(300)]
    for x, y in zip(features, targets, strict=True):
        found = permute(
            x[:, None], y[:, None], method=method, up_to_p=1.0, n_permutations=len(orders)
        )
        ranks = [stats.rankdata(v) for v in (x, y)] if method == "spearman" else [x, y]
        r = [abs(np.corrcoef(ranks[0][order], ranks[1])[0, 1]) for order in orders]
        reached = int((np.array(r) >= abs(np.corrcoef(*ranks)[0, 1]) - 1e-12).sum())
        assert found.p_family_wise.tolist() == [(1 + reached) / 301]
        assert found.false_discovery_rate.tolist() == [reached / 300]


@pytest.mark.parametrize("degrees", [1, 2, 8, 148, 10_000])
def test_scores_and_p_are_inverse(degrees: int) -> None:
    p_value = np.concatenate([np.logspace(-149, -1, 300), np.linspace(0.1, 1, 50)])
    score = score_of_p(p_value, degrees)
    assert (np.diff(score) >= 0).all()
    told = score > -1 + 1e-6
    assert p_of_score(score[told], degrees) == pytest.approx(p_value[told], rel=1e-9)
    assert np.array_equal(score_of_p(p_value, 0), p_value)


def test_covariates_are_kept_as_freedman_and_lane_keep_them() -> None:
    features, targets = _made(2, 30)
    age = np.random.default_rng(9).normal(size=(30, 1))
    found = permute(features, targets, covariates=age, up_to_p=1.0, n_permutations=20, seed=1)
    design = np.hstack([np.ones((30, 1)), stats.rankdata(age, axis=0)])

    def residuals(values: Any) -> Any:
        return values - design @ np.linalg.lstsq(design, values, rcond=None)[0]

    x, y = (residuals(stats.rankdata(values, axis=0)) for values in (features, targets))
    fitted = stats.rankdata(targets, axis=0) - y
    for number in range(20):
        order = shuffle(permutation_keys(1, number, 30), np.zeros(30, int))
        back = np.empty_like(y)
        back[order] = y
        again = residuals(fitted + back)
        r = np.abs(np.corrcoef(x.T, again.T)[:9, 9:]).max()
        t = r * np.sqrt(27 / (1 - r**2))
        assert found.smallest_p[number, 0] == pytest.approx(2 * stats.t.sf(t, 27), rel=1e-9)


def test_persons_stay_in_their_stratum() -> None:
    strata = np.array([4, 4, 1, 1, 1, 4, 2])
    for number in range(20):
        order = shuffle(permutation_keys(1, number, 7), strata)
        assert sorted(order) == list(range(7))
        assert (strata[order] == strata).all()
    features, targets = _made(3, 60)
    site = np.arange(60) % 2
    features, targets = features + 3 * site[:, None], targets + 3 * site[:, None]
    within = permute(features, targets, strata=site, up_to_p=1.0, n_permutations=99)
    across = permute(features, targets, up_to_p=1.0, n_permutations=99)
    assert (across.p_family_wise < 0.02).mean() > 0.9
    assert (within.p_family_wise < 0.02).sum() < 5


def test_every_order_is_equally_likely() -> None:
    seen = [tuple(shuffle(permutation_keys(7, k, 4), np.zeros(4, int))) for k in range(2400)]
    frequency = [seen.count(order) for order in permutations(range(4))]
    assert stats.chisquare(frequency).pvalue > 0.01


@pytest.mark.parametrize("method", ["spearman", "pearson", "mann_whitney", "kruskal"])
def test_neither_threads_nor_blocks_matter(method: Any, monkeypatch: Any) -> None:
    # trap 17
    features, targets = _made(4)
    features[:3, 2] = targets[8, 3:5] = np.nan
    if method in ("mann_whitney", "kruskal"):
        targets = np.where(np.isnan(targets), np.nan, targets > 0)
    given: dict[str, Any] = {"method": method, "up_to_p": 0.1, "n_permutations": 30, "seed": 5}
    with threadpool_limits(2):
        once = permute(features, targets, **given)
    with threadpool_limits(1):
        alone = permute(features, targets, **given)
    monkeypatch.setattr(shuffled_block, "BLOCK", 3)
    monkeypatch.setattr(correlation_blocks, "BLOCK", 3)
    for other in (alone, permute(features, targets, **given)):
        assert np.array_equal(other.feature, once.feature)
        assert np.array_equal(other.p_family_wise, once.p_family_wise)
        assert np.array_equal(other.false_discovery_rate, once.false_discovery_rate)
        np.testing.assert_allclose(other.smallest_p, once.smallest_p, rtol=1e-11)
    differently = permute(features, targets, **given | {"seed": 6})
    assert not np.array_equal(differently.smallest_p, once.smallest_p)


def test_chance_alone_rarely_reaches_the_level_of_the_family() -> None:
    random = np.random.default_rng(8)
    smallest = []
    for seed in range(60):
        features, targets = random.normal(size=(2, 20, 6))
        found = permute(features, targets, up_to_p=1.0, n_permutations=19, seed=seed)
        smallest.append(found.p_family_wise.min())
    # 1 in 20 at the smallest p of 19 permutations
    assert stats.binomtest(smallest.count(0.05), 60, 0.05).pvalue > 0.01


def test_groups_are_permuted_as_a_plain_loop_permutes_them() -> None:
    features, targets = _made(5)
    groups = np.digitize(targets[:, :5], [-0.6, 0.6]).astype(float)
    groups[:, 1] = np.arange(40) % 2
    groups[:4, 2] = np.nan
    features[:, 0] += groups[:, 0]
    found = permute(features, groups, method="kruskal", up_to_p=0.5, n_permutations=30, seed=2)

    def p_values(shuffled: Any) -> Any:
        return np.array(
            [
                [
                    stats.kruskal(*(x[g == code] for code in np.unique(g[np.isfinite(g)]))).pvalue
                    for g in groups.T
                ]
                for x in shuffled.T
            ]
        )

    real = p_values(features)
    kept = associate(features, groups, method="kruskal", keep_p=0.5)
    assert np.array_equal(found.feature, kept.feature)
    assert found.p_value == pytest.approx(real[found.feature, found.target], rel=1e-9)
    best = np.empty(30)
    for number in range(30):
        keys = permutation_keys(2, number, 40)
        chance = p_values(features[shuffle(keys, np.zeros(40, int))])
        # whom a column lacks is left out of the shuffle
        alone = np.empty_like(features)
        alone[:4] = np.nan
        alone[4:] = features[4:][shuffle(keys[4:], np.zeros(36, int))]
        chance[:, 2] = p_values(alone)[:, 2]
        best[number] = chance.min()
        assert found.smallest_p[number, 0] == pytest.approx(best[number], rel=1e-9)
    expected = [(1 + (best <= p * (1 + 1e-9)).sum()) / 31 for p in found.p_value]
    assert found.p_family_wise.tolist() == expected


def test_a_family_reaches_over_parts_with_other_covariates_targets_and_persons() -> None:
    features, targets = _made(6)
    volumes = np.random.default_rng(3).normal(size=(40, 2))
    everybody, some = np.arange(40), np.arange(3, 40)
    halves = np.arange(5), np.arange(5, 9)
    parts = [
        Part(
            design_of(features[:, i], targets, "spearman", volume, None, None, 1.0),
            np.zeros(i.size, np.intp),
            i,
            0,
            everybody,
        )
        for i, volume in zip(halves, (volumes[:, :1], volumes[:, 1:]), strict=True)
    ]
    codes = (targets[some, :2] > 0).astype(float)
    of_groups = design_of(features[some], codes, "mann_whitney", None, None, None, 1.0)
    parts.append(Part(of_groups, np.zeros(9, np.intp), np.arange(9), 11, some))
    found = permute_together(parts, up_to_p=1.0, n_permutations=25, seed=4)
    alone = [permute_together([part], up_to_p=1.0, n_permutations=25, seed=4) for part in parts]
    # the same persons, the same shuffles: the best of all is the best of each
    together = np.min([one.smallest_p for one in alone], axis=0)
    assert np.array_equal(found.smallest_p, together)
    assert found.feature.size == 9 * 13
    for one, part in zip(alone, parts, strict=True):
        width = 2 if part is parts[-1] else 11
        kept = associate(
            part.design.features,
            part.design.targets,
            method=part.design.method,
            covariates=None if part.design.covariates is None else part.design.covariates.values,
        )
        place = (found.target >= 11) if width == 2 else (found.target < 11)
        place &= np.isin(found.feature, part.features)
        assert place.sum() == part.features.size * width == kept.p_value.size
        assert found.p_value[place] == pytest.approx(one.p_value, rel=1e-12)
        for p, family_wise in zip(found.p_value[place], found.p_family_wise[place], strict=True):
            assert family_wise == (1 + (together[:, 0] <= p * (1 + 1e-9)).sum()) / 26
