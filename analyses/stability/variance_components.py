"""Variances of targets, raters and error from ratings of which some are missing, by REML.

The likelihood of a feature is a function of two ratios of variances alone. Both effects are
indicators, so that the matrix of the model is never made: sums by target and rater are enough, and
one evaluation costs a table of targets by raters.

References
----------
Patterson and Thompson 1971, Biometrika 58:545-554, doi:10.1093/biomet/58.3.545 (REML).
Harville 1977, JASA 72:320-338, doi:10.1080/01621459.1977.10480998 (its computation).
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from roentgene.analyses.constant import Floats

Codes: TypeAlias = NDArray[np.int64]

#: Bounds of the logarithm of a ratio of variances: beyond them it is 0, or there is no error.
_LOG_RATIO = 25.0


class VarianceComponents(NamedTuple):
    """Variances of one feature; ``rater`` is 0 where raters have no effect of their own."""

    target: float
    rater: float
    error: float


class _Sums(NamedTuple):
    """What the likelihood needs of the ratings: for the mean (1) and the values (y)."""

    cells: Floats
    ones: tuple[Floats, Floats]
    values: tuple[Floats, Floats]
    n: int
    total: float
    square: float


def reml(target: Codes, rater: Codes | None, values: Floats) -> VarianceComponents:
    """Variance components of one feature by restricted maximum likelihood.

    Parameters
    ----------
    target, rater : ndarray of int, shape (ratings,)
        Numbers of target and rater of each rating, from 0 on. Without ``rater`` the model is
        one-way: raters are part of the error.
    values : ndarray, shape (ratings,)
        Finite ratings that are not all one value.

    Returns
    -------
    VarianceComponents
        None is negative; in the square of the values' unit.

    Examples
    --------
    Complete ratings give what the closed form gives, 0.29 for ICC(A,1) of Shrout and Fleiss:

    >>> table = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8.0],
    ...                   [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]])
    >>> target, rater = (place.ravel() for place in np.indices(table.shape))
    >>> found = reml(target, rater, table.ravel())
    >>> round(float(found.target / sum(found)), 5)
    0.28976
    """
    from scipy import optimize

    scale = values.std()
    sums = _sums(target, rater, (values - values.mean()) / scale)
    start = np.zeros(1 if rater is None else 2)
    # one that begins at 0 cannot leave it, so both begin at 1; steps of the simplex are wide
    found = optimize.minimize(
        lambda logs: _criterion(np.exp(logs), sums)[0],
        start,
        method="Nelder-Mead",
        bounds=[(-_LOG_RATIO, _LOG_RATIO)] * start.size,
        options={
            "xatol": 1e-7,
            "fatol": 1e-12,
            "maxiter": 2000,
            "initial_simplex": np.vstack([start, start + 2 * np.eye(start.size)]),
        },
    )
    ratios = _without_edges(found.x, sums)
    error = _criterion(ratios, sums)[1] * scale**2
    return VarianceComponents(
        ratios[0] * error, ratios[1] * error if ratios.size > 1 else 0.0, error
    )


def _without_edges(logs: Floats, sums: _Sums) -> Floats:
    """Ratios of variances, 0 where that is as likely."""
    ratios = np.exp(logs)
    for place in range(ratios.size):
        without = ratios.copy()
        without[place] = 0.0
        if _criterion(without, sums)[0] <= _criterion(ratios, sums)[0] + 1e-12:
            ratios = without
    return ratios


def _sums(target: Codes, rater: Codes | None, values: Floats) -> _Sums:
    rater = np.zeros_like(target) if rater is None else rater
    cells = np.zeros((int(target.max()) + 1, int(rater.max()) + 1))
    np.add.at(cells, (target, rater), 1.0)
    by_target: Floats = np.asarray(np.bincount(target, weights=values), np.float64)
    by_rater: Floats = np.asarray(np.bincount(rater, weights=values), np.float64)
    return _Sums(
        cells,
        (cells.sum(axis=1), cells.sum(axis=0)),
        (by_target, by_rater),
        values.size,
        float(values.sum()),
        float(values @ values),
    )


def _criterion(ratios: Floats, sums: _Sums) -> tuple[float, float]:
    """Twice the negative log REML likelihood but for a constant, and the variance of the error."""
    of_target = ratios[0]
    of_rater = ratios[1] if ratios.size > 1 else 0.0
    diagonal = 1 + of_target * sums.ones[0]
    between = np.sqrt(of_target * of_rater) * sums.cells
    inner = np.diag(1 + of_rater * sums.ones[1]) - between.T @ (between / diagonal[:, None])
    factor = np.linalg.cholesky(inner)
    one = _whitened(sums.ones, of_target, of_rater, diagonal, between, factor)
    y = _whitened(sums.values, of_target, of_rater, diagonal, between, factor)
    information = sums.n - one @ one
    mean = (sums.total - one @ y) / information
    residual = (sums.square - y @ y) - mean**2 * information
    error = max(float(residual), float(np.finfo(float).tiny)) / (sums.n - 1)
    determinant = np.log(diagonal).sum() + 2 * np.log(np.diag(factor)).sum()
    return float(determinant + np.log(information) + (sums.n - 1) * np.log(error)), float(error)


def _whitened(
    sums: tuple[Floats, Floats],
    of_target: float,
    of_rater: float,
    diagonal: Floats,
    between: Floats,
    factor: Floats,
) -> Floats:
    """Give what the effects explain of a vector, as one of which products are taken."""
    target = np.sqrt(of_target) * sums[0] / np.sqrt(diagonal)
    rater = np.sqrt(of_rater) * sums[1] - between.T @ (np.sqrt(of_target) * sums[0] / diagonal)
    return np.concatenate([target, np.linalg.solve(factor, rater)])
