"""Cox models of one feature each, fitted together: the same covariates, the same persons."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from roentgene.analyses.constant import Floats
from roentgene.analyses.survival.risk_sets import Likelihood, RiskSets, likelihood

REASONS = ("", "not_converged", "separation", "collinear")
_NOT_CONVERGED, _SEPARATION, _COLLINEAR = 1, 2, 3
_MOST_STEPS = 60
# a Newton step of 1e-9 standard deviations leaves an error of its square
_LAST_STEP = 1e-9
# the likelihood stands still while the coefficient walks on: it is infinite
_STILL, _WALKING = 1e-10, 1e-2
# no step is longer than so many standard deviations, and no hazard ratio of two persons larger
# than exp(200): sums over the risk sets stay apart from zero
_LONGEST_STEP, _WIDEST = 5.0, 200.0
_SINGULAR = 1e-10
#: A column that the others explain but for this share of its variance has no effect of its own:
#: its standard error is three hundred times as large, and steps lose the digits to converge.
_NOT_EXPLAINED = 1e-5


class Cox(NamedTuple):
    """Fitted models; NaN, with a number of ``REASONS``, where there is no fit.

    ``coefficients`` and ``standard_errors`` have the shape (models, p), ``loglik`` and ``reason``
    (models,).
    """

    coefficients: Floats
    standard_errors: Floats
    loglik: Floats
    reason: NDArray[np.int8]


def fit(x: Floats, sets: RiskSets) -> Cox:
    """Maximise the partial likelihood of each model by Newton's method.

    Parameters
    ----------
    x : ndarray, shape (p, models, persons)
        Covariates, the feature first, each with mean 0 and standard deviation 1 over the persons,
        who stand in the order of ``sets``.
    sets : RiskSets
        Order of events.

    Notes
    -----
    statsmodels' ``PHReg`` gives the same digits, and takes 40 ms a model of 150 persons; a
    thousand models here take about a second, for each step sums all of them at once.
    ``separation`` is a likelihood that has no maximum: the coefficient is infinite, as where the
    feature orders all events (Heinze and Schemper 2001, doi 10.1111/j.0006-341X.2001.00114.x).
    ``collinear`` are columns of which one follows from the others, all but 1e-5 of its variance:
    found before the fit, for there the likelihood is flat, and steps lead nowhere.

    References
    ----------
    Cox 1972, doi 10.1111/j.2517-6161.1972.tb00899.x.
    """
    p, n_models, _ = x.shape
    coefficients = np.zeros((n_models, p))
    reason = np.full(n_models, _NOT_CONVERGED, np.int8)
    now = likelihood(x, coefficients, sets)
    reason[_collinear(x) | _singular(now.information)] = _COLLINEAR
    active = np.flatnonzero(reason != _COLLINEAR)
    now = _of(now, active)
    for _ in range(_MOST_STEPS):
        if not active.size:
            break
        step = np.asarray(
            np.linalg.solve(now.information, now.score[..., None])[..., 0], np.float64
        )
        step /= np.maximum(np.abs(step).max(axis=1, keepdims=True) / _LONGEST_STEP, 1.0)
        taken, then = _step(x[:, active], coefficients[active], step, now.loglik, sets)
        coefficients[active] += taken
        size = np.abs(taken).max(axis=1)
        gain = np.abs(then.loglik - now.loglik) / (np.abs(then.loglik) + 0.1)
        done = size <= _LAST_STEP
        lost = ((gain < _STILL) & (size > _WALKING)) | _singular(then.information)
        lost |= (
            np.ptp(np.einsum("pmn,mp->mn", x[:, active], coefficients[active]), axis=1) > _WIDEST
        )
        reason[active[done]] = 0
        reason[active[lost & ~done]] = _SEPARATION
        going = ~done & ~lost
        active, now = active[going], _of(then, going)
    return _fitted(x, coefficients, reason, sets)


def _step(
    x: Floats, start: Floats, step: Floats, loglik: Floats, sets: RiskSets
) -> tuple[Floats, Likelihood]:
    """Take a step, or the part of it with which the likelihood does not fall."""
    then = likelihood(x, start + step, sets)
    for _ in range(_MOST_STEPS):
        # a fall by rounding alone is none
        falls = ~(then.loglik >= loglik - 1e-12 * np.abs(loglik))
        if not falls.any():
            break
        step = np.where(falls[:, None], step / 2, step)
        then = likelihood(x, start + step, sets)
    return step, then


def _fitted(x: Floats, coefficients: Floats, reason: NDArray[np.int8], sets: RiskSets) -> Cox:
    fitted = reason == 0
    errors = np.full(coefficients.shape, np.nan)
    loglik = np.full(reason.shape, np.nan)
    if fitted.any():
        found = likelihood(x[:, fitted], coefficients[fitted], sets)
        variances = np.diagonal(np.linalg.inv(found.information), axis1=1, axis2=2)
        errors[fitted], loglik[fitted] = np.sqrt(variances), found.loglik
    return Cox(np.where(fitted[:, None], coefficients, np.nan), errors, loglik, reason)


def _collinear(x: Floats) -> NDArray[np.bool_]:
    """Whether a column of each model follows from the others.

    1 / (R^-1)_jj of a correlation matrix R is the share of column j that the others leave.
    """
    p, n_models, n = x.shape
    if p == 1:
        return np.zeros(n_models, bool)
    correlations = np.einsum("imn,jmn->mij", x, x) / (n - 1)
    values, vectors = np.linalg.eigh(correlations)
    inverse = np.einsum("mij,mj->mi", np.square(vectors), 1 / np.maximum(values, _SINGULAR))
    return np.asarray((inverse * _NOT_EXPLAINED > 1).any(axis=1))


def _singular(information: Floats) -> NDArray[np.bool_]:
    """Whether an information matrix cannot be inverted, whatever the units of the likelihood."""
    eigenvalues = np.linalg.eigvalsh(information)
    return np.asarray(~(eigenvalues[:, 0] > _SINGULAR * np.maximum(eigenvalues[:, -1], _SINGULAR)))


def _of(found: Likelihood, models: NDArray[np.intp] | NDArray[np.bool_]) -> Likelihood:
    return Likelihood(*(part[models] for part in found))
