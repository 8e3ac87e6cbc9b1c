"""Variances of targets, raters and error from ratings of which some are missing, by REML.

The likelihood of a feature is a function of two ratios of variances alone. Both effects are
indicators, so that the matrix of the model is never made: sums by target and rater are enough for
it and for its derivatives, and all features take the steps of Newton's method together.

References
----------
Patterson and Thompson 1971, Biometrika 58:545-554, doi:10.1093/biomet/58.3.545 (REML).
Harville 1977, JASA 72:320-338, doi:10.1080/01621459.1977.10480998 (its derivatives).
"""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np

from roentgene.analyses.constant import Floats
from roentgene.analyses.stability.restricted_likelihood import (
    Sums,
    derivatives,
    likelihood,
    sums_of,
)

#: Bounds of the logarithm of a ratio of variances: beyond them it is 0, or there is no error.
_LOG_RATIO = 25.0
#: Where the search may begin: the most likely of these, for there can be several maxima.
_STARTS = (-6.0, -3.0, -1.0, 1.0, 4.0)
_MOST_STEPS, _LONGEST_STEP = 100, 3.0
# a Newton step of 1e-9 leaves an error of its square
_LAST_STEP = 1e-9
#: Two criteria that differ by less are equal but for rounding.
_ALIKE = 1e-12
_FLATTEST = 1e-13
#: Numbers of one array at a time, 8 MB.
_AT_ONCE = 1_000_000


class VarianceComponents(NamedTuple):
    """Variances, one element a feature; ``rater`` is 0 where raters have no effect of their own."""

    target: Floats
    rater: Floats
    error: Floats


def reml(ratings: Floats, *, crossed: bool = True) -> VarianceComponents:
    """Variance components of each feature by restricted maximum likelihood.

    Parameters
    ----------
    ratings : ndarray, shape (features, targets, raters)
        NaN where missing; the others of a feature are finite and not all one value.
    crossed : bool
        Whether a rater is the same for all targets. If not the model is one-way: raters are part
        of the error, and in which column a rating of a target stands means nothing.

    Returns
    -------
    VarianceComponents
        None is negative; in the square of the values' unit.

    Examples
    --------
    Complete ratings give what the closed form gives, 0.29 for ICC(A,1) of Shrout and Fleiss:

    >>> table = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8.0],
    ...                   [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]])
    >>> found = reml(table[None])
    >>> (found.target / sum(found)).round(5).tolist()
    [0.28976]
    """
    n_features, *places = ratings.shape
    size = max(1, _AT_ONCE // max(1, places[0] * (places[1] + 1)))
    parts = [
        _reml(ratings[first : first + size], crossed=crossed)
        for first in range(0, n_features, size)
    ]
    return VarianceComponents(*np.concatenate([np.empty((3, 0)), *parts], axis=1))


def _reml(ratings: Floats, *, crossed: bool) -> Floats:
    sums, scale = sums_of(ratings, crossed=crossed)
    ratios = _without_edges(np.exp(_most_likely(sums, crossed=crossed)), sums, crossed=crossed)
    error = likelihood(ratios, sums).error * np.square(scale)
    return np.stack([ratios[:, 0] * error, ratios[:, 1] * error, error])


def _most_likely(sums: Sums, *, crossed: bool) -> Floats:
    """Logarithms of the most likely ratios; without an effect of raters theirs is minus infinity.

    Each feature walks by Newton's method until it stands still. Where the likelihood curves the
    other way the step follows the gradient, and no step makes a feature less likely.
    """
    logs, now = _start(sums, crossed=crossed)
    active = np.arange(now.size)
    for _ in range(_MOST_STEPS):
        if not active.size:
            break
        some = sums.of(active)
        step = _newton_step(logs[active], some, crossed=crossed)
        step /= np.maximum(np.abs(step).max(axis=1, keepdims=True) / _LONGEST_STEP, 1.0)
        reached, criterion = _reached(logs[active], step, now[active], some)
        with np.errstate(invalid="ignore"):
            taken = np.nan_to_num(np.abs(reached - logs[active])).max(axis=1)
        logs[active], now[active] = reached, criterion
        active = active[taken > _LAST_STEP]
    return logs


def _start(sums: Sums, *, crossed: bool) -> tuple[Floats, Floats]:
    n = sums.n.size
    logs, now = np.empty((n, 2)), np.full(n, np.inf)
    for start in product(_STARTS, _STARTS if crossed else (-np.inf,)):
        trial = np.tile(start, (n, 1))
        criterion = likelihood(np.exp(trial), sums).criterion
        better = criterion < now
        logs[better], now[better] = trial[better], criterion[better]
    return logs, now


def _newton_step(logs: Floats, sums: Sums, *, crossed: bool) -> Floats:
    ratios = np.exp(logs)
    gradient, hessian = derivatives(ratios, sums)
    gradient = ratios * gradient
    hessian = ratios[:, :, None] * hessian * ratios[:, None, :]
    hessian[:, (0, 1), (0, 1)] += gradient
    if not crossed:
        hessian[:, 1, 1] = 1.0
    values, vectors = np.linalg.eigh(hessian)
    along = np.einsum("fij,fi->fj", vectors, gradient) / np.maximum(np.abs(values), _FLATTEST)
    return np.asarray(-np.einsum("fij,fj->fi", vectors, along))


def _reached(start: Floats, step: Floats, before: Floats, sums: Sums) -> tuple[Floats, Floats]:
    """Where a step leads, or the part of it that makes nothing less likely."""
    bounds = np.where(np.isinf(start), -np.inf, -_LOG_RATIO), _LOG_RATIO
    for _ in range(_MOST_STEPS):
        reached = np.clip(start + step, *bounds)
        criterion = likelihood(np.exp(reached), sums).criterion
        worse = ~(criterion <= before + _ALIKE * np.abs(before))
        if not worse.any():
            break
        step = np.where(worse[:, None], step / 2, step)
    return reached, criterion


def _without_edges(ratios: Floats, sums: Sums, *, crossed: bool) -> Floats:
    """Ratios of variances, 0 where that is as likely."""
    for place in range(1 + crossed):
        without = ratios.copy()
        without[:, place] = 0.0
        as_likely = (
            likelihood(without, sums).criterion <= likelihood(ratios, sums).criterion + _ALIKE
        )
        ratios = np.where(as_likely[:, None], without, ratios)
    return ratios
