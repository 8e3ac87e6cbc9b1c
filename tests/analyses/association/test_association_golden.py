"""The association engine beside reference values of scipy and pingouin, with all their traps."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from roentgene.analyses.association.effective_tests import effective_tests
from roentgene.analyses.association.testing import REASONS, associate

pytestmark = pytest.mark.realdata


class Golden(NamedTuple):
    """Features, genes and clinical data of the same patients in the same order."""

    folder: Path
    features: pd.DataFrame
    genes: pd.DataFrame
    clinical: pd.DataFrame


@pytest.fixture(scope="module")
def golden(shared_data: Path) -> Golden:
    folder = shared_data / "reference" / "correlation_golden"
    frames = [
        pd.read_csv(folder / f"{name}.csv").set_index("patient_id").astype(float)
        for name in ("features", "genes", "clinical")
    ]
    # trap 9: the genes stand in another order
    assert not frames[0].index.equals(frames[1].index)
    return Golden(folder, *(frame.loc[frames[0].index] for frame in frames))


@pytest.mark.parametrize("method", ["spearman", "pearson"])
def test_pairs(golden: Golden, method: str) -> None:
    found = associate(
        golden.features.to_numpy(),
        golden.genes.to_numpy(),
        method=method,  # type: ignore[arg-type]
        list_untested=True,
    )
    expected = pd.read_csv(golden.folder / "expected_pairs.csv").set_index(["feature", "gene"])
    names = list(
        zip(golden.features.columns[found.feature], golden.genes.columns[found.target], strict=True)
    )
    rows = expected.loc[names]
    estimate, p = (
        ("spearman_rho", "spearman_p") if method == "spearman" else ("pearson_r", "pearson_p")
    )
    np.testing.assert_array_equal(found.n, rows["n_finite"])
    np.testing.assert_allclose(found.estimate, rows[estimate], rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(found.p_value, rows[p], rtol=1e-9)
    assert found.n_tests.tolist() == rows["m_tested"].unique().tolist()
    if method == "spearman":
        np.testing.assert_allclose(found.q_value, rows["spearman_bh_q"], rtol=1e-9)
    assert found.untested is not None
    left_out = expected.loc[
        list(
            zip(
                golden.features.columns[found.untested.feature],
                golden.genes.columns[found.untested.target],
                strict=True,
            )
        )
    ]
    assert len(left_out) + len(rows) == len(expected)
    reasons = {"n_lt_4": "too_few_persons", "constant": "constant_feature"}
    assert [REASONS[code] for code in found.untested.reason] == [
        reasons[reason] for reason in left_out["not_tested_reason"]
    ]


@pytest.mark.parametrize("covariates", ["age", "age+sex"])
def test_partial_correlations(golden: Golden, covariates: str) -> None:
    found = associate(
        golden.features.to_numpy(),
        golden.genes.to_numpy(),
        covariates=golden.clinical[covariates.split("+")].to_numpy(),
    )
    expected = pd.read_csv(golden.folder / "expected_partial_spearman.csv")
    expected = expected[expected["covariates"] == covariates].set_index(["feature", "gene"])
    place = {
        (golden.features.columns[i], golden.genes.columns[j]): number
        for number, (i, j) in enumerate(zip(found.feature, found.target, strict=True))
    }
    places = [place[names] for names in expected.index]
    np.testing.assert_array_equal(found.n[places], expected["n"])
    np.testing.assert_allclose(
        found.estimate[places], expected["partial_spearman"], rtol=1e-9, atol=1e-14
    )
    # the p of a perfect correlation is 0, whatever rounding makes of it elsewhere
    np.testing.assert_allclose(found.p_value[places], expected["p"], rtol=1e-9, atol=1e-100)


def test_groups(golden: Golden) -> None:
    expected = pd.read_csv(golden.folder / "expected_groups.csv").set_index("feature")
    features = golden.features[expected.index].to_numpy()
    two = associate(features, golden.clinical[["mut"]].to_numpy(), method="mann_whitney")
    known = expected["mwu_p_asymptotic_continuity"].notna().to_numpy()
    np.testing.assert_array_equal(two.feature, np.flatnonzero(known))
    rows = expected[known]
    np.testing.assert_array_equal(two.statistic, rows["U_mut"])
    assert two.auc is not None
    np.testing.assert_allclose(two.auc, rows["auc"], rtol=1e-12)
    np.testing.assert_allclose(two.p_value, rows["mwu_p_asymptotic_continuity"], rtol=1e-12)
    np.testing.assert_array_equal(two.n, rows["n_mut"] + rows["n_wt"])
    several = associate(features, golden.clinical[["grade"]].to_numpy(), method="kruskal")
    rows = expected.iloc[several.feature]
    np.testing.assert_allclose(several.statistic, rows["kruskal_H"], rtol=1e-12)
    np.testing.assert_allclose(several.p_value, rows["kruskal_p"], rtol=1e-11)


def test_effective_tests_of_a_published_study(shared_data: Path) -> None:
    # trap 7: 1,522 features amount to 22
    folder = shared_data / "cohorts" / "imagene_lung44"
    features = pd.read_csv(folder / "Lung_radiomic_features_new_cohort_n44.csv").set_index("ID")
    found = effective_tests(features.to_numpy(float))
    assert found is not None
    assert (found.n_features, found.n_persons) == (1522 - 84, 44)
    assert round(found.galwey) == 22
