"""Intraclass correlation: all six forms with their intervals, for many features at once.

Every form is one function of the between-target mean square, given the other mean squares. Its
confidence bounds are that same function at the mean square times a quantile of F, so one
expression per form gives estimate and bounds, and no form divides by an error that may be zero.

References
----------
Shrout and Fleiss 1979, Psychological Bulletin 86:420-428, doi:10.1037/0033-2909.86.2.420.
McGraw and Wong 1996, Psychological Methods 1:30-46, doi:10.1037/1082-989X.1.1.30.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import special

from roentgene.analyses.constant import Floats, is_constant
from roentgene.schemas.analyses.stability import IccForm

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
    ratings. A mean square without degrees of freedom is NaN.
    """

    n_targets: NDArray[np.int64]
    n_raters: NDArray[np.int64]
    msr: Floats
    msw: Floats
    msc: Floats
    mse: Floats
    minimum: Floats
    maximum: Floats


class IntraclassCorrelation(NamedTuple):
    """One form of the coefficient, one element a feature; NaN where ``reason`` says why.

    ``reason`` is empty where all numbers stand. Where raters agree perfectly ``f_value`` alone
    is NaN: the coefficient is defined, the ratio is not (``no_error_variance``).
    """

    icc: Floats
    ci_low: Floats
    ci_high: Floats
    f_value: Floats
    p_value: Floats
    within_subject_sd: Floats
    reason: Reasons


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
    """
    if ratings.ndim != 3 or 0 in ratings.shape[1:] or not np.isfinite(ratings).all():
        msg = "ratings must be finite and of shape (features, targets, raters)"
        raise ValueError(msg)
    features, n, k = ratings.shape
    centred = ratings - ratings.mean(axis=(1, 2), keepdims=True)
    target = centred.mean(axis=2, keepdims=True)
    rater = centred.mean(axis=1, keepdims=True)
    grand = centred.mean(axis=(1, 2), keepdims=True)
    return MeanSquares(
        n_targets=np.full(features, n),
        n_raters=np.full(features, k),
        msr=_mean_square(target - grand, k, n - 1),
        msw=_mean_square(centred - target, 1, n * (k - 1)),
        msc=_mean_square(rater - grand, n, k - 1),
        mse=_mean_square(centred - target - rater + grand, 1, (n - 1) * (k - 1)),
        minimum=ratings.min(axis=(1, 2)),
        maximum=ratings.max(axis=(1, 2)),
    )


def _mean_square(deviations: Floats, weight: int, degrees: int) -> Floats:
    if degrees == 0:
        return np.full(deviations.shape[0], np.nan)
    return np.asarray(weight * np.square(deviations).sum(axis=(1, 2)) / degrees)


def intraclass_correlation(
    squares: MeanSquares, form: IccForm, confidence: float = 0.95
) -> IntraclassCorrelation:
    """Intraclass correlation with its interval and F test; never clipped.

    Parameters
    ----------
    squares : MeanSquares
        Mean squares of complete tables.
    form : str
        McGraw and Wong's name. ``1`` is one-way random, ``A`` two-way absolute agreement, ``C``
        two-way consistency; ``,1`` is for a single rating, ``,k`` for the mean of all.
    confidence : float
        Coverage of the two-sided interval.

    Returns
    -------
    IntraclassCorrelation
        Arrays of the length of the mean squares. F and its p test the between-target mean square
        against ``msw`` (form ``1``) or ``mse`` (forms ``A`` and ``C``).

    Notes
    -----
    The interval of ``A`` uses Satterthwaite's degrees of freedom (McGraw and Wong, table 7).
    """
    reason = _reasons(squares)
    squares = _usable(squares, reason)
    n, k = squares.n_targets.astype(float), squares.n_raters.astype(float)
    error = squares.msw if form.startswith("ICC(1") else squares.mse
    error_degrees = n * (k - 1) if form.startswith("ICC(1") else (n - 1) * (k - 1)
    interval_degrees = _satterthwaite(squares) if form.startswith("ICC(A") else error_degrees
    tail = (1 - confidence) / 2
    icc = _estimate(form, squares, squares.msr)
    low, high = (
        _estimate(form, squares, squares.msr * special.fdtri(interval_degrees, n - 1, quantile))
        for quantile in (tail, 1 - tail)
    )
    agreed = (error == 0) & (squares.msr > 0)
    f_value = np.where(agreed, np.inf, _ratio(squares.msr, error))
    p_value = special.fdtrc(n - 1, error_degrees, f_value)
    undefined = np.isnan(icc)
    reason[(reason == "") & undefined] = "no_target_variance"
    reason[(reason == "") & agreed] = "no_error_variance"
    return IntraclassCorrelation(
        icc=icc,
        ci_low=np.where(undefined, np.nan, low),
        ci_high=np.where(undefined, np.nan, high),
        f_value=np.where(undefined | agreed, np.nan, f_value),
        p_value=np.where(undefined, np.nan, p_value),
        within_subject_sd=np.where(undefined, np.nan, np.sqrt(squares.msw)),
        reason=reason,
    )


def _reasons(squares: MeanSquares) -> Reasons:
    reason = np.full(squares.msr.shape, "", dtype="U18")
    reason[is_constant(squares.minimum, squares.maximum)] = "constant_feature"
    reason[squares.n_targets < MIN_TARGETS] = "too_few_targets"
    reason[squares.n_raters < MIN_RATERS] = "too_few_raters"
    return reason


def _usable(squares: MeanSquares, reason: Reasons) -> MeanSquares:
    """Mean squares with NaN where there is a reason, and zero where only rounding is left."""
    floor = ROUNDING * (squares.msr + squares.msc + squares.mse)
    kept = [
        np.where(reason == "", np.where(values <= floor, 0.0, values), np.nan)
        for values in (squares.msr, squares.msw, squares.msc, squares.mse)
    ]
    return squares._replace(msr=kept[0], msw=kept[1], msc=kept[2], mse=kept[3])


def _estimate(form: IccForm, squares: MeanSquares, msr: Floats) -> Floats:
    """Coefficient of a form for a between-target mean square (McGraw and Wong, table 4)."""
    n, k = squares.n_targets.astype(float), squares.n_raters.astype(float)
    msw, msc, mse = squares.msw, squares.msc, squares.mse
    if form == "ICC(1,1)":
        return _ratio(msr - msw, msr + (k - 1) * msw)
    if form == "ICC(C,1)":
        return _ratio(msr - mse, msr + (k - 1) * mse)
    if form == "ICC(A,1)":
        return _ratio(msr - mse, msr + (k - 1) * mse + k * (msc - mse) / n)
    if form == "ICC(1,k)":
        return _ratio(msr - msw, msr)
    if form == "ICC(C,k)":
        return _ratio(msr - mse, msr)
    return _ratio(msr - mse, msr + (msc - mse) / n)


def _satterthwaite(squares: MeanSquares) -> Floats:
    """Degrees of freedom of the interval of ICC(A,1) (McGraw and Wong, table 7).

    Their a and b are multiplied by ``1 - icc``, which leaves the ratio and removes the pole at
    perfect agreement.
    """
    n, k = squares.n_targets.astype(float), squares.n_raters.astype(float)
    icc = _estimate("ICC(A,1)", squares, squares.msr)
    rater = k * icc / n * squares.msc
    residual = (1 - icc + k * icc * (n - 1) / n) * squares.mse
    degrees = (n - 1) * (k - 1)
    spread = np.square(rater) / (k - 1) + np.square(residual) / degrees
    # without error the bounds equal the estimate for any degrees of freedom
    return np.where(spread > 0, _ratio(np.square(rater + residual), spread), degrees)


def _ratio(numerator: Floats, denominator: Floats) -> Floats:
    """Quotient, NaN where the denominator is not a positive number."""
    found = np.full(np.broadcast_shapes(numerator.shape, denominator.shape), np.nan)
    np.divide(numerator, denominator, out=found, where=denominator > 0)
    return found
