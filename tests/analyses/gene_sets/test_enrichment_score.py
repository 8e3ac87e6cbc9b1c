"""Enrichment scores against the running sum as it is defined, and against GSEApy."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest
from numpy.typing import NDArray

from roentgene.analyses.gene_sets.enrichment_score import enrichment_score, leading_edge, ranked
from roentgene.analyses.gene_sets.gene_ranking import GeneRanking
from roentgene.analyses.gene_sets.library import prerank
from roentgene.analyses.gene_sets.significance import significance

needs_gseapy = [
    pytest.mark.extras,
    pytest.mark.skipif(find_spec("gseapy") is None, reason="GSEApy is not installed"),
]
RANDOM = np.random.default_rng(5)
GENES = [f"G{i:03d}" for i in range(300)]
VALUES = np.round(RANDOM.normal(size=(4, 300)), 2)
SETS = {f"S{k}": sorted(RANDOM.choice(GENES, 8 + k, replace=False).tolist()) for k in range(12)}
SETS["TOP"] = [GENES[i] for i in np.argsort(-VALUES[0])[:20]]


def columns_of(genes: list[str]) -> NDArray[np.intp]:
    return np.array([GENES.index(gene) for gene in genes])


def running_sum(values: NDArray[np.float64], members: NDArray[np.intp], weight: float) -> float:
    order = np.argsort(-values, kind="stable")
    hit = np.isin(order, members)
    up = np.where(hit, np.abs(values[order]) ** weight, 0.0)
    total = np.cumsum(up / up.sum() - ~hit / (~hit).sum())
    return float(max(total.max(), total.min(), key=abs))


@pytest.mark.parametrize("weight", [0.0, 1.0, 1.5])
def test_scores_are_the_largest_deviation_of_the_running_sum(weight: float) -> None:
    rankings = ranked(VALUES, weight)
    for genes in SETS.values():
        members = columns_of(genes)
        expected = [running_sum(row, members, weight) for row in VALUES]
        assert enrichment_score(rankings, members) == pytest.approx(expected, abs=1e-13)


def test_the_leading_edge_is_what_comes_before_the_peak_or_after_the_trough() -> None:
    values = np.array([[0.9, 0.8, 0.7, 0.1, 0.0, -0.5, -0.6]])
    rankings = ranked(values, 1.0)
    for members, edge in (([0, 2, 5], [0, 2]), ([1, 5, 6], [5, 6])):
        place = np.array(members)
        score = float(enrichment_score(rankings, place)[0])
        assert leading_edge(rankings, place, score).tolist() == edge


@pytest.mark.parametrize("weight", [1.0])
def test_scores_and_significance_are_those_of_gseapy(weight: float) -> None:
    order = np.argsort(-VALUES[0], kind="stable")
    names = [GENES[place] for place in order]
    found = prerank(names, VALUES[0][order], SETS, weight=weight, permutations=300, seed=4)
    assert found.names == sorted(SETS)
    rankings = ranked(VALUES[:1], weight)
    own = [enrichment_score(rankings, columns_of(SETS[name]))[0] for name in found.names]
    assert own == pytest.approx(found.score.tolist(), abs=1e-12)
    from gseapy import gse

    known = {
        one.term: one
        for one in gse.prerank_rs(
            names, VALUES[0][order].tolist(), SETS, weight, 1, 300, 300, 2, 4
        ).summaries
    }
    told = significance(found.score, found.null)
    for place, name in enumerate(found.names):
        assert told.normalised[place] == pytest.approx(known[name].nes, rel=1e-12)
        assert told.q_value[place] == pytest.approx(known[name].fdr, abs=1e-12)
        same = (found.null[place] >= 0) == (found.score[place] >= 0)
        share = (told.p_value[place] * (same.sum() + 1) - 1) / same.sum()
        assert share == pytest.approx(known[name].pval, abs=1e-12)


for mark in needs_gseapy:
    test_scores_and_significance_are_those_of_gseapy = mark(
        test_scores_and_significance_are_those_of_gseapy
    )


def test_p_is_never_zero_and_counts_permutations_of_the_same_sign() -> None:
    null = np.array([[0.1, 0.2, 0.3, -0.5], [0.1, -0.2, -0.3, -0.4]])
    found = significance(np.array([0.9, -0.3]), null)
    assert found.p_value == pytest.approx([1 / 4, 3 / 4])
    assert found.normalised == pytest.approx([0.9 / 0.2, -1.0])


def test_a_score_that_is_not_defined_has_no_p() -> None:
    found = significance(np.array([np.nan, 0.5]), np.array([[0.1, 0.2], [0.1, 0.2]]))
    assert np.isnan([found.normalised[0], found.p_value[0], found.q_value[0]]).all()
    assert found.p_value[1] == pytest.approx(1 / 3)


def test_a_score_whose_sign_no_permutation_has_is_not_judged() -> None:
    found = significance(np.array([0.9]), np.array([[-0.1, -0.2]]))
    assert np.isnan([found.normalised[0], found.p_value[0], found.q_value[0]]).all()


def test_correlations_are_spearmans_and_shuffles_are_of_persons() -> None:
    from scipy import stats

    feature, expression = RANDOM.normal(size=30), np.round(RANDOM.normal(size=(30, 6)), 1)
    ranking = GeneRanking(feature, expression)
    expected = [stats.spearmanr(feature, gene).statistic for gene in expression.T]
    assert ranking.observed() == pytest.approx(expected, abs=1e-15)
    parts = np.vstack(list(ranking.permuted(120, seed=9)))
    assert np.array_equal(parts, np.vstack(list(ranking.permuted(120, seed=9))))
    assert np.array_equal(parts[:70], np.vstack(list(ranking.permuted(70, seed=9))))
    assert not np.array_equal(parts, np.vstack(list(ranking.permuted(120, seed=8))))
    # the variance of a rank correlation of n shuffled persons is 1 / (n - 1)
    assert parts.var() == pytest.approx(1 / 29, rel=0.25)


def test_genes_that_go_together_are_found_too_often_unless_persons_are_permuted() -> None:
    # trap 13: p is uniform under a null of shuffled persons
    n_genes, n, members = 120, 25, np.arange(20)
    rejected = {"persons": 0, "genes": 0}
    for trial in range(60):
        random = np.random.default_rng([7, trial])
        expression = random.normal(size=(n, n_genes))
        expression[:, members] += 1.5 * random.normal(size=(n, 1))
        ranking = GeneRanking(random.normal(size=n), expression)
        observed = ranking.observed()[None]
        score = enrichment_score(ranked(observed, 1.0), members)
        shuffled = {
            "persons": np.vstack(list(ranking.permuted(100, trial))),
            "genes": np.stack([random.permutation(observed[0]) for _ in range(100)]),
        }
        for name, values in shuffled.items():
            null = enrichment_score(ranked(values, 1.0), members)[None]
            rejected[name] += significance(score, null).p_value[0] <= 0.05
    assert rejected["persons"] <= 8
    assert rejected["genes"] >= 20
