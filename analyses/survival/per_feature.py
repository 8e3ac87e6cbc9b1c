"""A Cox model for each feature: persons by the pattern of missing values, features in blocks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from roentgene.analyses.constant import Floats, is_constant
from roentgene.analyses.survival.concordance import concordance
from roentgene.analyses.survival.cox import fit
from roentgene.analyses.survival.proportional_hazards import proportional_hazards_p
from roentgene.analyses.survival.risk_sets import Ties, risk_sets

REASONS = (
    "",
    "not_converged",
    "separation",
    "collinear_covariates",
    "too_few_events",
    "constant_feature",
    "duplicate_feature",
)
TOO_FEW, CONSTANT, DUPLICATE = 4, 5, 6
# numbers of one array of a block, 8 MB
_BLOCK = 1_000_000


class FeatureModels(NamedTuple):
    """One model a feature; NaN, with a number of ``REASONS``, where there is none.

    Parameters
    ----------
    coefficient, standard_error, p_value : ndarray, shape (features,)
        Log hazard ratio per standard deviation of the feature, and Wald's test of it.
    feature_sd : ndarray, shape (features,)
        Standard deviation over the persons of the model.
    covariates : ndarray, shape (features, covariates)
        Log hazard ratios of the covariates, per unit.
    concordance, ph_p_value : ndarray, shape (features,)
        Of the whole model; of the feature.
    n, n_events : ndarray of int, shape (features,)
        Persons of the model, and those with the event.
    reason : ndarray of int8, shape (features,)
        Why there is no model.
    """

    coefficient: Floats
    standard_error: Floats
    p_value: Floats
    feature_sd: Floats
    covariates: Floats
    concordance: Floats
    ph_p_value: Floats
    n: NDArray[np.int64]
    n_events: NDArray[np.int64]
    reason: NDArray[np.int8]


def fit_features(
    features: Floats,
    covariates: Floats,
    time: Floats,
    event: NDArray[np.bool_],
    *,
    ties: Ties,
    min_events: int,
    duplicate: NDArray[np.bool_],
) -> FeatureModels:
    """Fit the model of each feature with the same covariates.

    Parameters
    ----------
    features : ndarray, shape (persons, features)
        NaN where a person has no value; then the model is of the others.
    covariates : ndarray, shape (persons, covariates)
        No value may be missing.
    time, event : ndarray, shape (persons,)
        Time to the event or to the end of follow-up, and whether the event was seen.
    ties : {"efron", "breslow"}
        How tied events are handled.
    min_events : int
        Fewest events of a model; more than its coefficients there must be in any case.
    duplicate : ndarray of bool, shape (features,)
        Features that are not to be fitted, for they equal another one.
    """
    n_features, k = features.shape[1], covariates.shape[1]
    known = ~np.isnan(features)
    found = FeatureModels(
        coefficient=np.full(n_features, np.nan),
        standard_error=np.full(n_features, np.nan),
        p_value=np.full(n_features, np.nan),
        feature_sd=np.full(n_features, np.nan),
        covariates=np.full((n_features, k), np.nan),
        concordance=np.full(n_features, np.nan),
        ph_p_value=np.full(n_features, np.nan),
        n=known.sum(axis=0),
        n_events=known[event].sum(axis=0),
        reason=np.zeros(n_features, np.int8),
    )
    found.reason[found.n_events < max(min_events, k + 2)] = TOO_FEW
    flat = is_constant(
        np.min(features, axis=0, where=known, initial=np.inf),
        np.max(features, axis=0, where=known, initial=-np.inf),
    )
    found.reason[flat & (found.reason == 0)] = CONSTANT
    found.reason[duplicate & (found.reason == 0)] = DUPLICATE
    for persons, chosen in _patterns(known, found.reason == 0):
        _fit_pattern(
            found,
            chosen,
            features[persons],
            covariates[persons],
            time[persons],
            event[persons],
            ties,
        )
    return found


def _patterns(
    known: NDArray[np.bool_], asked: NDArray[np.bool_]
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Persons and features of each pattern of missing values, in blocks."""
    columns = np.flatnonzero(asked)
    if not columns.size:
        return
    _, pattern = np.unique(np.packbits(known[:, columns], axis=0), axis=1, return_inverse=True)
    for number in range(int(pattern.max()) + 1):
        members = columns[pattern.ravel() == number]
        persons = np.flatnonzero(known[:, members[0]])
        size = max(1, _BLOCK // persons.size)
        for first in range(0, members.size, size):
            yield persons, members[first : first + size]


def _fit_pattern(
    found: FeatureModels,
    chosen: NDArray[np.intp],
    features: Floats,
    covariates: Floats,
    time: Floats,
    event: NDArray[np.bool_],
    ties: Ties,
) -> None:
    """Fit features that the same persons have, and put the models into their places."""
    sets = risk_sets(time, event, ties)
    feature, feature_sd = _standardized(features[sets.order][:, chosen].T)
    adjusted, unit = _standardized(covariates[sets.order].T)
    shape = (adjusted.shape[0], *feature.shape)
    x = np.concatenate([feature[None], np.broadcast_to(adjusted[:, None], shape)])
    fitted = fit(x, sets)
    found.feature_sd[chosen] = feature_sd
    found.reason[chosen] = fitted.reason
    models = np.flatnonzero(fitted.reason == 0)
    if not models.size:
        return
    x, coefficients, chosen = x[:, models], fitted.coefficients[models], chosen[models]
    found.coefficient[chosen] = coefficients[:, 0]
    found.standard_error[chosen] = fitted.standard_errors[models, 0]
    found.p_value[chosen] = _wald_p(coefficients[:, 0] / fitted.standard_errors[models, 0])
    found.covariates[chosen] = coefficients[:, 1:] / unit
    predictor = np.einsum("pmn,mp->mn", x, coefficients)
    found.concordance[chosen] = concordance(predictor, sets)
    found.ph_p_value[chosen] = proportional_hazards_p(x, coefficients, sets)


def _standardized(rows: Floats) -> tuple[Floats, Floats]:
    """Rows with mean 0 and standard deviation 1; what does not vary becomes 0."""
    rows = np.ascontiguousarray(rows)
    centred = rows - rows.mean(axis=1, keepdims=True)
    sd = centred.std(axis=1, ddof=1)
    divisor = np.where(sd > 0, sd, 1.0)
    return centred / divisor[:, None], divisor


def _wald_p(z: Floats) -> Floats:
    from scipy import special

    return np.asarray(2 * special.ndtr(-np.abs(z)))
