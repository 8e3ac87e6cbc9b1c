"""Mean squares of two-way tables of ratings, on which all coefficients of reliability stand."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from roentgene.analyses.constant import Floats, is_constant

Reasons: TypeAlias = NDArray[np.str_]

#: With two targets the between-target variance has one degree of freedom, and with two raters
#: McGraw and Wong's interval loses the error term: ``kn - k - n = 0``.
MIN_TARGETS = 3
MIN_RATERS = 2
#: A mean square below this share of all three is what rounding leaves of zero.
ROUNDING = 1e-14


class MeanSquares(NamedTuple):
    """Mean squares of complete two-way tables, one element a feature.

    ``n_targets`` and ``n_raters`` are n and k; ``msr`` is between targets, ``msw`` within
    targets, ``msc`` between raters, ``mse`` residual; ``minimum`` and ``maximum`` bound the
    ratings; ``square_cv`` is the mean over targets of their squared coefficient of variation. A
    mean square without degrees of freedom is NaN.
    """

    n_targets: NDArray[np.int64]
    n_raters: NDArray[np.int64]
    msr: Floats
    msw: Floats
    msc: Floats
    mse: Floats
    minimum: Floats
    maximum: Floats
    square_cv: Floats


def mean_squares(ratings: Floats) -> MeanSquares:
    """Mean squares of dense ratings, exact at large offsets because centred first.

    Parameters
    ----------
    ratings : ndarray, shape (features, targets, raters)
        Finite values.

    Raises
    ------
    ValueError
        If the shape is another or a value is not finite.

    Examples
    --------
    >>> found = mean_squares(np.array([[[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8.0]]]))
    >>> found.msr.round(4).tolist(), found.n_raters.tolist()
    ([14.3333], [4])
    """
    if ratings.ndim != 3 or 0 in ratings.shape[1:] or not np.isfinite(ratings).all():
        msg = "ratings must be finite and of shape (features, targets, raters)"
        raise ValueError(msg)
    features, n, k = ratings.shape
    offset = np.einsum("ftr->f", ratings) / (n * k)
    centred = ratings - offset[:, None, None]
    target = np.einsum("ftr->ft", centred) / k
    rater = np.einsum("ftr->fr", centred) / n
    grand = np.einsum("ft->f", target) / n
    flat = ratings.reshape(features, n * k)
    minimum, maximum = flat.min(axis=1), flat.max(axis=1)
    between_targets, between_raters = target - grand[:, None], rater - grand[:, None]
    centred -= target[:, :, None]
    within = np.einsum("ftr,ftr->ft", centred, centred)
    centred -= between_raters[:, None, :]
    residual = np.einsum("ftr,ftr->f", centred, centred)
    return MeanSquares(
        n_targets=np.full(features, n),
        n_raters=np.full(features, k),
        msr=_per_degree(k * np.einsum("ft,ft->f", between_targets, between_targets), n - 1),
        msw=_per_degree(np.einsum("ft->f", within), n * (k - 1)),
        msc=_per_degree(n * np.einsum("fr,fr->f", between_raters, between_raters), k - 1),
        mse=_per_degree(residual, (n - 1) * (k - 1)),
        minimum=minimum,
        maximum=maximum,
        square_cv=_square_cv(within, target + offset[:, None], k),
    )


def _per_degree(sums: Floats, degrees: int) -> Floats:
    return sums / degrees if degrees else np.full(sums.shape, np.nan)


def _square_cv(within: Floats, mean: Floats, k: int) -> Floats:
    found = np.full(mean.shape, np.nan)
    np.divide(within, (k - 1) * np.square(mean), out=found, where=(mean != 0) & (k > 1))
    return np.asarray(found.mean(axis=1))


def reasons_against(squares: MeanSquares) -> Reasons:
    """Why a feature has no coefficient: too few targets or raters, a constant; else empty."""
    reason = np.full(squares.msr.shape, "", dtype="U24")
    reason[is_constant(squares.minimum, squares.maximum)] = "constant_feature"
    reason[squares.n_targets < MIN_TARGETS] = "too_few_targets"
    reason[squares.n_raters < MIN_RATERS] = "too_few_raters"
    return reason


def usable(squares: MeanSquares, reason: Reasons) -> MeanSquares:
    """Mean squares with NaN where there is a reason, and zero where only rounding is left."""
    floor = ROUNDING * (squares.msr + squares.msc + squares.mse)
    kept = [
        np.where(reason == "", np.where(values <= floor, 0.0, values), np.nan)
        for values in (squares.msr, squares.msw, squares.msc, squares.mse)
    ]
    return squares._replace(msr=kept[0], msw=kept[1], msc=kept[2], mse=kept[3])


def ratio(numerator: Floats, denominator: Floats) -> Floats:
    """Quotient, NaN where the denominator is not a positive number."""
    found = np.full(np.broadcast_shapes(numerator.shape, denominator.shape), np.nan)
    np.divide(numerator, denominator, out=found, where=denominator > 0)
    return found
