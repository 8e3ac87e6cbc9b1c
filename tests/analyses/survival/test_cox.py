"""Cox models against statsmodels, one by one, and where the likelihood has no maximum."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from statsmodels.duration.hazard_regression import PHReg

from roentgene.analyses.survival.concordance import concordance
from roentgene.analyses.survival.per_feature import REASONS, FeatureModels, fit_features
from roentgene.analyses.survival.risk_sets import Ties, risk_sets

RANDOM = np.random.default_rng(3)
N = 80
# rounded up, so that many events are at one time
TIME = np.ceil(RANDOM.exponential(8, N))
EVENT = RANDOM.random(N) < 0.7
FEATURES = RANDOM.normal(size=(N, 12)) * 10.0 ** np.arange(-6, 6)
AGE = 60 + 10 * RANDOM.normal(size=(N, 1))


def fitted(
    features: NDArray[np.float64],
    covariates: NDArray[np.float64] | None = None,
    ties: Ties = "efron",
    min_events: int = 5,
) -> FeatureModels:
    nobody = np.empty((features.shape[0], 0))
    return fit_features(
        features,
        nobody if covariates is None else covariates,
        TIME,
        EVENT,
        ties=ties,
        min_events=min_events,
        duplicate=np.zeros(features.shape[1], np.bool_),
    )


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("adjusted", [False, True])
def test_models_are_those_of_statsmodels(ties: Ties, adjusted: bool) -> None:
    found = fitted(FEATURES, AGE if adjusted else None, ties)
    for place, feature in enumerate(FEATURES.T):
        # statsmodels' own steps end early where units are far apart
        z = (feature - feature.mean()) / feature.std(ddof=1)
        columns = np.column_stack([z, (AGE - 60) / 10]) if adjusted else z[:, None]
        known = PHReg(TIME, columns, EVENT.astype(float), ties=ties).fit(
            method="newton", tol=1e-12, maxiter=100
        )
        assert found.coefficient[place] == pytest.approx(known.params[0], rel=1e-9)
        assert found.standard_error[place] == pytest.approx(known.bse[0], rel=1e-10)
        assert found.p_value[place] == pytest.approx(known.pvalues[0], rel=1e-9)
        assert found.feature_sd[place] == pytest.approx(feature.std(ddof=1), rel=1e-12)
        if adjusted:
            assert found.covariates[place, 0] == pytest.approx(known.params[1] / 10, rel=1e-9)


def test_an_offset_of_a_million_standard_deviations_costs_few_digits() -> None:
    # trap 10: exactness at an offset
    plain, moved = fitted(FEATURES[:, 6:7]), fitted(FEATURES[:, 6:7] + 1e6)
    assert moved.coefficient == pytest.approx(plain.coefficient, rel=1e-9)


def test_persons_without_a_value_are_left_out_feature_by_feature() -> None:
    holes = FEATURES[:, 5:8].copy()
    holes[::7, 0] = np.nan
    holes[::5, 2] = np.nan
    found = fitted(holes, AGE)
    for place in range(3):
        here = ~np.isnan(holes[:, place])
        z = holes[here, place]
        columns = np.column_stack([(z - z.mean()) / z.std(ddof=1), (AGE[here] - 60) / 10])
        model = PHReg(TIME[here], columns, EVENT[here].astype(float), ties="efron")
        known = model.fit(method="newton", tol=1e-12, maxiter=100)
        assert found.coefficient[place] == pytest.approx(known.params[0], rel=1e-9)
        assert (found.n[place], found.n_events[place]) == (here.sum(), EVENT[here].sum())


def test_a_feature_has_the_same_digits_alone_and_among_others() -> None:
    # trap 17: nothing depends on what is fitted beside it
    together = fitted(FEATURES, AGE)
    for place in range(FEATURES.shape[1]):
        alone = fitted(FEATURES[:, place : place + 1], AGE)
        assert alone.coefficient[0] == together.coefficient[place]
        assert alone.ph_p_value[0] == together.ph_p_value[place]


def test_a_feature_that_orders_the_events_has_no_finite_coefficient() -> None:
    ordering = (-TIME + 0.5 * EVENT)[:, None]
    noisy = ordering + 8 * RANDOM.normal(size=ordering.shape)
    found = fitted(np.hstack([ordering, noisy]), AGE)
    assert [REASONS[code] for code in found.reason] == ["separation", ""]
    assert np.isnan(found.coefficient[0])


def test_constants_and_what_covariates_explain_are_not_fitted() -> None:
    # trap 3: 0.1 * 3 and 0.3 are one value
    nearly = np.where(np.arange(N) % 2, 0.1 * 3, 0.3)
    found = fitted(np.column_stack([nearly, 2 * AGE[:, 0] + 1, FEATURES[:, 6]]), AGE)
    assert [REASONS[code] for code in found.reason] == [
        "constant_feature",
        "collinear_covariates",
        "",
    ]


def test_near_collinear_covariates_are_named_before_the_fit() -> None:
    # without the guard nearly all of these end as not_converged, or as separation
    noise = np.random.default_rng(4).normal(size=(N, 1))
    for share, reason in (
        (1e-1, ""),
        (1e-3, "collinear_covariates"),
        (1e-4, "collinear_covariates"),
    ):
        twin = AGE + share * AGE.std() * noise
        found = fitted(FEATURES, np.hstack([AGE, twin]))
        assert {REASONS[code] for code in found.reason} == {reason}
    # one feature that follows from the covariates says nothing of the others
    near = AGE + 1e-4 * AGE.std() * noise
    found = fitted(np.hstack([near, FEATURES[:, 6:7]]), AGE)
    assert [REASONS[code] for code in found.reason] == ["collinear_covariates", ""]


def test_a_model_needs_more_events_than_coefficients() -> None:
    few = np.full((N, 1), np.nan)
    few[np.flatnonzero(EVENT)[:3], 0] = [1.0, 2.0, 4.0]
    few[np.flatnonzero(~EVENT)[:5], 0] = np.arange(5)
    assert REASONS[fitted(few, np.hstack([AGE, FEATURES[:, 6:7]]), min_events=2).reason[0]] == (
        "too_few_events"
    )


def test_concordance_counts_ties_of_the_predictor_half_and_of_time_not_at_all() -> None:
    time = np.array([1.0, 2.0, 2.0, 2.0, 3.0])
    event = np.array([True, True, True, False, False])
    predictor = np.array([5.0, 4.0, 3.0, 4.0, 4.0])
    sets = risk_sets(time, event, "efron")
    # first: 4 of 4; second: half with each of the two censored; third: 0 of 2
    assert concordance(predictor[None, sets.order], sets) == pytest.approx([5 / 8])


def test_p_is_uniform_where_features_are_noise() -> None:
    # trap 13: of Wald's test and of that for proportional hazards
    found = fitted(np.random.default_rng(12).normal(size=(N, 600)), AGE)
    for p_values in (found.p_value, found.ph_p_value):
        assert stats.kstest(p_values, "uniform").pvalue > 0.001
