import json
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest

from roentgene.analyses.stability.intraclass_correlation import (
    intraclass_correlation,
    intraclass_correlations,
    without_interval,
)
from roentgene.analyses.stability.mean_squares import MeanSquares, mean_squares
from roentgene.schemas.analyses.stability import IccForm

FORMS = get_args(IccForm)
RATINGS = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
# Shrout and Fleiss 1979, table 4, and the intervals of R psych 2.2.9 (lmer=FALSE)
SHROUT_FLEISS = {
    "ICC(1,1)": (0.1657417684054756, -0.1329323248747509, 0.7225600623281211),
    "ICC(A,1)": (0.2897637795275592, 0.01878651337471205, 0.7610843696489531),
    "ICC(C,1)": (0.7148407148407149, 0.3424647650339254, 0.9458582599553595),
    "ICC(1,k)": (0.4427971336792689, -0.884442155238119, 0.9124154203407756),
    "ICC(A,k)": (0.6200505475989893, 0.07113681530250349, 0.927232040167722),
    "ICC(C,k)": (0.9093155423770695, 0.6756747138163047, 0.9858916781690623),
}


def dense(values: Any) -> MeanSquares:
    return mean_squares(np.asarray(values, dtype=float)[None])


@pytest.mark.parametrize("form", FORMS)
def test_all_forms_and_intervals_of_shrout_and_fleiss(form: IccForm) -> None:
    found = intraclass_correlation(dense(RATINGS), form)
    numbers = (found.icc[0], found.ci_low[0], found.ci_high[0])
    assert numbers == pytest.approx(SHROUT_FLEISS[form], rel=0, abs=1e-12)
    assert found.reason[0] == ""


def test_f_and_p_of_one_way_and_two_way() -> None:
    one_way = intraclass_correlation(dense(RATINGS), "ICC(1,1)")
    two_way = intraclass_correlation(dense(RATINGS), "ICC(A,1)")
    assert one_way.f_value[0] == pytest.approx(1.794678492239469, rel=1e-12)
    assert one_way.p_value[0] == pytest.approx(0.1647688083446396, rel=1e-12)
    assert two_way.f_value[0] == pytest.approx(11.027247956403272, rel=1e-12)
    assert two_way.p_value[0] == pytest.approx(0.00013456651648433693, rel=1e-12)


@pytest.mark.realdata
def test_reference_file_of_shrout_and_fleiss(shared_data: Path) -> None:
    reference = json.loads((shared_data / "reference" / "shrout_fleiss_1979.json").read_text())
    squares = dense(reference["matrix_rows_are_targets"])
    for name in ("MSR", "MSW", "MSC", "MSE"):
        value = getattr(squares, name.lower())[0]
        assert value == pytest.approx(reference["mean_squares"][name], rel=1e-14)
    for row, form in zip(
        reference["icc"],
        ("ICC(1,1)", "ICC(A,1)", "ICC(C,1)", "ICC(1,k)", "ICC(A,k)", "ICC(C,k)"),
        strict=True,
    ):
        found = intraclass_correlation(squares, form)
        assert found.icc[0] == pytest.approx(row["icc"], rel=0, abs=1e-12)
        assert found.ci_low[0] == pytest.approx(row["ci95_low"], rel=0, abs=1e-12)
        assert found.ci_high[0] == pytest.approx(row["ci95_high"], rel=0, abs=1e-12)


def long_double_icc(values: np.ndarray) -> dict[str, np.ndarray]:
    """The textbook formulas in extended precision, feature by feature."""
    x = values.astype(np.longdouble)
    _, n, k = x.shape
    x = x - x.mean(axis=(1, 2), keepdims=True)
    target, rater = x.mean(axis=2), x.mean(axis=1)
    msr = k * (target**2).sum(axis=1) / (n - 1)
    msc = n * (rater**2).sum(axis=1) / (k - 1)
    within = ((x - target[:, :, None]) ** 2).sum(axis=(1, 2))
    msw = within / (n * (k - 1))
    mse = (within - (k - 1) * msc) / ((n - 1) * (k - 1))
    return {
        "ICC(1,1)": (msr - msw) / (msr + (k - 1) * msw),
        "ICC(A,1)": (msr - mse) / (msr + (k - 1) * mse + k * (msc - mse) / n),
        "ICC(C,1)": (msr - mse) / (msr + (k - 1) * mse),
    }


@pytest.mark.parametrize("offset", [0.0, 1e4, 1e6])
def test_exact_at_large_offsets(offset: float) -> None:
    random = np.random.default_rng(11)
    values = random.normal(size=(200, 40, 1)) + random.normal(size=(200, 40, 3)) + offset
    for form, expected in long_double_icc(values).items():
        found = intraclass_correlation(mean_squares(values), form)  # type: ignore[arg-type]
        assert np.abs(found.icc - expected.astype(float)).max() < 1e-13


def test_forms_together_are_the_forms_alone() -> None:
    values = np.random.default_rng(2).normal(size=(9, 7, 3))
    values[0] = 1.0
    squares = mean_squares(values)
    for order in (FORMS, FORMS[::-1]):
        for form, together in intraclass_correlations(squares, order).items():
            alone = intraclass_correlation(squares, form)
            for one, other in zip(together, alone, strict=True):
                np.testing.assert_array_equal(one, other)


def test_negative_is_not_clipped() -> None:
    # trap 16, and the next test
    found = intraclass_correlation(dense([[1, 9], [9, 1], [2, 8], [8, 2.5]]), "ICC(1,1)")
    assert found.icc[0] < -0.9
    assert found.ci_low[0] < found.icc[0] < found.ci_high[0]


@pytest.mark.parametrize("form", FORMS)
def test_interval_is_defined_at_perfect_agreement(form: IccForm) -> None:
    found = intraclass_correlation(dense([[v, v, v] for v in (1.0, 2.0, 4.0, 7.5)]), form)
    assert (found.icc[0], found.ci_low[0], found.ci_high[0]) == (1.0, 1.0, 1.0)
    assert found.p_value[0] == 0.0
    assert np.isnan(found.f_value[0])
    assert found.reason[0] == "no_error_variance"


def test_a_constant_difference_between_raters_is_consistency_but_not_agreement() -> None:
    squares = dense([[v, v + 1, v + 2] for v in (0.0, 1.0, 2.0, 3.0, 4.0, 5.0)])
    assert intraclass_correlation(squares, "ICC(C,1)").icc[0] == 1.0
    agreement = intraclass_correlation(squares, "ICC(A,1)")
    assert agreement.icc[0] == pytest.approx(7 / 9, rel=1e-14)
    assert agreement.ci_low[0] < 7 / 9 < agreement.ci_high[0]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([[1, 2], [3, 5]], "too_few_targets"),
        ([[1], [2], [3], [4]], "too_few_raters"),
        ([[3, 3], [3, 3], [3, 3]], "constant_feature"),
        ([[0.3, 0.1 * 3], [0.3, 0.3], [0.1 * 3, 0.3]], "constant_feature"),
    ],
)
def test_what_cannot_be_computed_has_a_reason_and_no_number(values: Any, reason: str) -> None:
    # trap 3: a constant by its relative range
    for form in FORMS:
        found = intraclass_correlation(dense(values), form)
        assert found.reason[0] == reason
        assert all(np.isnan(numbers[0]) for numbers in found[:6])


def test_mean_of_raters_without_variance_between_targets_is_undefined() -> None:
    squares = dense([[1, 2], [2, 1], [1, 2], [2, 1]])
    found = intraclass_correlation(squares, "ICC(1,k)")
    assert np.isnan(found.icc[0])
    assert found.reason[0] == "no_target_variance"
    assert intraclass_correlation(squares, "ICC(1,1)").icc[0] == pytest.approx(-1.0)


def test_targets_that_differ_may_still_have_no_mean_agreement() -> None:
    # MSR 0.041667, MSC 0.125, MSE 33.375: MSR + (MSC - MSE) / n is below zero, MSR is not
    squares = dense([[1, 9], [9, 1], [2, 8], [8, 2.5]])
    assert squares.msr[0] > 0
    by_form = intraclass_correlations(squares, FORMS)
    by_form |= {f"{f} reml": v for f, v in without_interval(squares, FORMS).items()}  # type: ignore[misc]
    for form, found in by_form.items():
        if form.startswith("ICC(A,k)"):
            assert np.isnan(found.icc[0])
            assert found.reason[0] == "no_positive_denominator"
        else:
            assert np.isfinite(found.icc[0])
            assert found.reason[0] == ("no_interval_by_reml" if form.endswith("reml") else "")


def test_interval_covers_as_often_as_it_says() -> None:
    random = np.random.default_rng(3)
    n, k, truth = 20, 3, 1 / 2.5
    rater = random.normal(scale=np.sqrt(0.5), size=(4000, 1, k))
    values = random.normal(size=(4000, n, 1)) + rater + random.normal(size=(4000, n, k))
    found = intraclass_correlation(mean_squares(values), "ICC(A,1)")
    covered = ((found.ci_low <= truth) & (truth <= found.ci_high)).mean()
    # four standard errors; Satterthwaite's degrees of freedom are an approximation
    assert abs(covered - 0.95) < 0.02


def test_refuses_missing_values_and_other_shapes() -> None:
    with pytest.raises(ValueError, match="finite"):
        mean_squares(np.array([[[1.0, np.nan], [1.0, 2.0]]]))
    with pytest.raises(ValueError, match="shape"):
        mean_squares(np.ones((3, 4)))


@pytest.mark.realdata
def test_qin_prostate_test_retest(shared_data: Path) -> None:
    reference = pd.read_csv(shared_data / "reference" / "qin_icc_original_features.csv")
    folder = shared_data / "repeatability" / "qin_prostate"
    (file,) = folder.glob("pyRadiomicsFeatures_*.csv")
    rows = pd.read_csv(file, sep=";").sort_values("study")
    rows = pd.concat([rows, rows["study"].str.split("_").str[0].rename("patient")], axis=1)
    for roi, expected in reference.groupby("roi", sort=True):
        pairs = rows[rows["segmentedStructure"] == roi].groupby("patient")
        paired = pairs.filter(lambda scans: len(scans) == 2).sort_values(["patient", "study"])
        names = expected["feature"].tolist()
        squares = mean_squares(paired[names].to_numpy(float).T.reshape(len(names), -1, 2))
        assert (squares.n_targets == expected["n_pairs"]).all()
        assert (pairs.size() == 1).sum() == expected["n_unpaired"].iloc[0]
        for form, name in (("ICC(1,1)", "icc11"), ("ICC(A,1)", "icc21"), ("ICC(C,1)", "icc31")):
            found = intraclass_correlation(squares, form)  # type: ignore[arg-type]
            for got, column in (
                (found.icc, name),
                (found.ci_low, f"{name}_lo"),
                (found.ci_high, f"{name}_hi"),
                (found.within_subject_sd, "within_subject_sd"),
            ):
                np.testing.assert_allclose(got, expected[column], rtol=1e-9, atol=1e-12)
