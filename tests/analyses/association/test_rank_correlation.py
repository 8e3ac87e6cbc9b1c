import json
import warnings
from itertools import permutations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from roentgene.analyses.association.rank_correlation import (
    REASONS,
    detectable_rho,
    duplicate_columns,
    spearman,
)
from roentgene.analyses.association.ranks import centred_ranks
from roentgene.analyses.association.small_samples import exact_p
from roentgene.analyses.multiple_testing import benjamini_hochberg


def test_equals_scipy_with_ties_and_missing_values() -> None:
    # trap 5: ties have their average rank
    random = np.random.default_rng(2)
    features, targets = random.normal(size=(30, 6)), random.normal(size=(30, 5))
    features[:, 1] = features[:, 1].round()
    targets[:, 2] = targets[:, 2].round()
    features[random.uniform(size=features.shape) < 0.1] = np.nan
    targets[[3, 8, 21], 1] = np.nan
    found = spearman(features, targets)
    for i in range(6):
        for j in range(5):
            expected = stats.spearmanr(features[:, i], targets[:, j], nan_policy="omit")
            assert found.rho[i, j] == pytest.approx(expected.statistic, rel=0, abs=1e-15)
            assert found.p_value[i, j] == pytest.approx(expected.pvalue, rel=1e-12)
            assert found.n[i, j] == np.isfinite(features[:, i] + targets[:, j]).sum()
    assert not found.exact.any()


@pytest.mark.parametrize("n", [4, 5, 6, 7])
def test_small_samples_without_ties_are_exact(n: int) -> None:
    ranks = np.arange(n)
    every = np.array([stats.spearmanr(ranks, p).statistic for p in permutations(ranks)])
    values = np.random.default_rng(n).normal(size=(n, 8))
    found = spearman(values, values)
    for i in range(8):
        for j in range(8):
            expected = (np.abs(every) >= abs(found.rho[i, j]) - 1e-12).mean()
            assert found.p_value[i, j] == pytest.approx(expected, rel=1e-12)
    assert found.exact.all()


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ([1, 1, 2, 2], [1, 1, 2, 2]),
        ([1, 1, 2, 3, 4], [5, 1, 2, 3, 4]),
        ([1, 1, 1, 2, 2, 5], [0, 1, 1, 3, 7, 7]),
        ([3, 2, 2, 2, 2, 1, 1], [0, 0, 0, 0, 1, 1, 1]),
    ],
)
def test_small_samples_with_ties_are_exact(x: list[float], y: list[float]) -> None:
    every = np.array([stats.spearmanr(x, p).statistic for p in permutations(y)])
    # more columns, so that each pair must find the distribution of its own ties
    features = np.column_stack([np.arange(len(x)), x, -np.array(x)]).astype(float)
    found = spearman(features, np.column_stack([y[::-1], y]).astype(float))
    expected = (np.abs(every) >= abs(stats.spearmanr(x, y).statistic) - 1e-12).mean()
    assert found.p_value[1:, 1] == pytest.approx(expected, rel=1e-12)
    assert found.exact.all()


def test_perfect_correlation_has_p_zero() -> None:
    values = np.arange(40.0)[:, None]
    found = spearman(values, np.hstack([np.exp(values / 9), -values]))
    assert found.rho.tolist() == [[1.0, -1.0]]
    assert found.p_value.tolist() == [[0.0, 0.0]]


def test_infinite_values_are_missing_and_counted() -> None:
    values = np.random.default_rng(4).normal(size=(12, 2))
    with_infinite = values.copy()
    with_infinite[[2, 7], 0] = np.inf, -np.inf
    found = spearman(with_infinite[:, :1], values[:, 1:])
    kept = np.delete(values, [2, 7], axis=0)
    assert found.n_infinite == 2
    assert found.n[0, 0] == 10
    assert found.rho[0, 0] == spearman(kept[:, :1], kept[:, 1:]).rho[0, 0]


def test_untested_pairs_say_why() -> None:
    random = np.random.default_rng(5)
    features = random.normal(size=(10, 4))
    features[:, 1] = [0.3, 0.1 * 3] * 5
    features[3:, 2] = np.nan
    features[:, 3] = features[:, 0]
    targets = np.column_stack([random.normal(size=10), np.full(10, 8.0)])
    found = spearman(features, targets, duplicate_columns(features))
    assert [[REASONS[code] for code in row] for row in found.reason] == [
        ["", "constant_target"],
        ["constant_feature", "constant_feature"],
        ["too_few_persons", "too_few_persons"],
        ["duplicate_feature", "constant_target"],
    ]
    assert (np.isnan(found.rho) == (found.reason != 0)).all()
    assert (np.isnan(found.p_value) == (found.reason != 0)).all()


def test_a_column_that_is_constant_only_where_the_other_is_present_is_refused() -> None:
    feature = np.array([[1.0], [1.0], [1.0], [1.0], [1.0], [2.0]])
    target = np.array([[1.0], [2.0], [3.0], [4.0], [5.0], [np.nan]])
    assert REASONS[spearman(feature, target).reason[0, 0]] == "constant_feature"


def test_order_of_persons_and_of_columns_means_nothing() -> None:
    random = np.random.default_rng(6)
    features, targets = random.normal(size=(50, 7)), random.normal(size=(50, 9))
    features[4, 2] = np.nan
    order, columns = random.permutation(50), random.permutation(9)
    once = spearman(features, targets)
    again = spearman(features[order], targets[order][:, columns])
    assert np.array_equal(once.rho[:, columns], again.rho)
    assert np.array_equal(once.p_value[:, columns], again.p_value)


def test_products_of_ranks_are_whole_numbers() -> None:
    random = np.random.default_rng(7)
    x = centred_ranks(random.normal(size=(151, 3)).round(1))
    products = x.ranks @ x.ranks.T
    assert np.array_equal(products, products.round())
    assert (x.ranks.sum(axis=1) == 0).all()
    assert x.tied.all()


def test_p_is_uniform_when_nothing_is_related() -> None:
    random = np.random.default_rng(8)
    found = spearman(random.normal(size=(40, 60)), random.normal(size=(40, 60)))
    assert stats.kstest(found.p_value.ravel(), "uniform").pvalue > 0.01


def test_different_numbers_of_persons_are_refused() -> None:
    with pytest.raises(ValueError, match="5 rows of features but 4 of targets"):
        spearman(np.ones((5, 1)), np.ones((4, 1)))


def test_duplicates_are_found_within_their_scope() -> None:
    values = np.array([[1.0, 1.0, 0.0, -0.0, 1.0], [np.nan, np.nan, 2.0, 2.0, 3.0]])
    assert duplicate_columns(values).tolist() == [False, True, False, True, False]
    assert not duplicate_columns(values, np.arange(5)).any()


def test_detectable_rho_has_the_power_it_promises() -> None:
    n = 25
    rho = detectable_rho(np.array([n]))[0]
    # Pearson's correlation that gives this Spearman correlation in normal data
    pearson = 2 * np.sin(np.pi * rho / 6)
    random = np.random.default_rng(9)
    x = random.normal(size=(n, 4000))
    y = pearson * x + np.sqrt(1 - pearson**2) * random.normal(size=(n, 4000))
    ranks_x, ranks_y = centred_ranks(x), centred_ranks(y)
    r = (ranks_x.ranks * ranks_y.ranks).sum(axis=1) / ranks_x.sum_of_squares
    t = r * np.sqrt((n - 2) / ((1 - r) * (1 + r)))
    power = (2 * stats.t.sf(np.abs(t), n - 2) < 0.05).mean()
    assert abs(power - 0.8) < 0.04


def test_detectable_rho_needs_four_persons() -> None:
    found = detectable_rho(np.array([0, 3, 4, 14]))
    assert np.isnan(found[:2]).all()
    assert found[3] == pytest.approx(0.7013, abs=1e-4)


@pytest.mark.realdata
def test_exact_distribution_of_small_samples(shared_data: Path) -> None:
    folder = shared_data / "reference" / "correlation_golden"
    for n, rows in pd.read_csv(folder / "exact_small_n_spearman.csv").groupby("n"):
        products = (rows["abs_rho"] * n * (n * n - 1) / 3).round().to_numpy()
        ranks = 2.0 * np.arange(n)[None, :] + 1 - n
        first = np.zeros(products.size, np.intp)
        np.testing.assert_allclose(
            exact_p(products, ranks, ranks, first, first), rows["p_exact_two_sided"], rtol=1e-12
        )


@pytest.mark.realdata
def test_golden_pairs(shared_data: Path) -> None:
    folder = shared_data / "reference" / "correlation_golden"
    features = pd.read_csv(folder / "features.csv").set_index("patient_id")
    genes = pd.read_csv(folder / "genes.csv").set_index("patient_id")
    expected = pd.read_csv(folder / "expected_pairs.csv").set_index(["feature", "gene"])
    found = spearman(features.to_numpy(float), genes.loc[features.index].to_numpy(float))
    corrected = benjamini_hochberg(found.p_value.ravel(), np.zeros(found.p_value.size, int))
    rows = expected.loc[[(f, g) for f in features.columns for g in genes.columns]]
    reasons = {"n_lt_4": "too_few_persons", "constant": "constant_feature"}
    names = rows["not_tested_reason"].map(reasons).fillna("").tolist()
    assert [REASONS[code] for code in found.reason.ravel()] == names
    assert (found.n.ravel() == rows["n_finite"]).all()
    assert (corrected.n_tests == rows["m_tested"]).all()
    for got, column in (
        (found.rho.ravel(), "spearman_rho"),
        (found.p_value.ravel(), "spearman_p"),
        (corrected.q_value, "spearman_bh_q"),
    ):
        np.testing.assert_allclose(got, rows[column], rtol=1e-9, atol=1e-15)


@pytest.mark.realdata
def test_plgg_radiomics_and_cell_types(shared_data: Path) -> None:
    folder, reference = shared_data / "cohorts" / "plgg_cbtn", shared_data / "reference"
    counts = json.loads((reference / "plgg_expected_counts.json").read_text())
    radiomics = pd.read_csv(folder / "X_radiomic.csv").set_index("SubjectID")
    radiomics = radiomics.drop(columns="Cohort").sample(frac=1, random_state=1)
    cells = pd.read_csv(folder / "xcell_score_cluster.tsv", sep="\t")
    means = cells.pivot_table(index="cohort_participant_id", columns="cell_type", values="fraction")
    joined = radiomics.index.intersection(means.index)
    assert len(joined) == counts["n_joined"]
    found = spearman(radiomics.loc[joined].to_numpy(float), means.loc[joined].to_numpy(float))
    corrected = benjamini_hochberg(found.p_value.ravel(), np.zeros(found.p_value.size, int))
    assert (corrected.n_tests == counts["n_pairs"]).all()
    assert (corrected.q_value < 0.05).sum() == counts["n_pairs_q_lt_05"] == 31
    expected = pd.read_csv(reference / "plgg_xcell_spearman_q05.csv")
    q_value = corrected.q_value.reshape(found.rho.shape)
    rows = [
        (radiomics.columns[i], means.columns[j]) for i, j in np.argwhere(q_value < 0.05).tolist()
    ]
    assert set(rows) == set(zip(expected["feature"], expected["cell_type"], strict=True))
    place = [radiomics.columns.get_indexer(expected["feature"])]
    place.append(means.columns.get_indexer(expected["cell_type"]))
    np.testing.assert_allclose(found.rho[*place], expected["rho"], rtol=1e-9)
    np.testing.assert_allclose(found.p_value[*place], expected["p"], rtol=1e-9)
    np.testing.assert_allclose(q_value[*place], expected["q_bh"], rtol=1e-9)


@pytest.mark.realdata
def test_imagene_features_and_genes(shared_data: Path) -> None:
    folder, reference = shared_data / "cohorts" / "imagene_lung44", shared_data / "reference"
    counts = json.loads((reference / "imagene_lung44_expected.json").read_text())
    features = pd.read_csv(folder / "Lung_radiomic_features_new_cohort_n44.csv").set_index("ID")
    genes = pd.read_csv(folder / "Lung_gene_expression_new_cohort_n44.csv").set_index("ID")
    genes = genes.sample(frac=1, random_state=2).loc[features.index]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = spearman(features.to_numpy(float), genes.to_numpy(float))
    tested = found.reason == 0
    constant = ~tested.any(axis=1)
    assert constant.sum() == counts["n_features_constant"]
    values = features.to_numpy(float)[:, ~constant]
    assert duplicate_columns(values).sum() == counts["n_features_duplicate_of_another"]
    assert centred_ranks(values).tied.sum() == counts["n_features_with_ties"]
    assert (found.p_value < 0.05).sum() == counts["n_p_lt_05"]
    assert np.nanmax(np.abs(found.rho)) == pytest.approx(counts["max_abs_rho"], rel=1e-12)
    corrected = benjamini_hochberg(found.p_value.ravel(), np.zeros(found.p_value.size, np.int8))
    assert corrected.n_tests[0] == counts["m_tested"]
    assert (corrected.q_value < 0.05).sum() == counts["n_q_lt_05"]
    top = pd.read_csv(reference / "imagene_lung44_top200_pairs.csv")
    place = [features.columns.get_indexer(top["feature"]), genes.columns.get_indexer(top["gene"])]
    q_value = corrected.q_value.reshape(found.rho.shape)
    np.testing.assert_allclose(found.rho[*place], top["rho"], rtol=1e-9)
    np.testing.assert_allclose(found.p_value[*place], top["p"], rtol=1e-9)
    np.testing.assert_allclose(q_value[*place], top["q_bh"], rtol=1e-9)
