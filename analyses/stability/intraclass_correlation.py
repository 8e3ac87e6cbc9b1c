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

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from scipy import special

from roentgene.analyses.constant import Floats
from roentgene.analyses.stability.mean_squares import (
    MeanSquares,
    Reasons,
    ratio,
    reasons_against,
    usable,
)
from roentgene.schemas.analyses.stability import IccForm


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


class _FTest(NamedTuple):
    """What forms of one model share: error, F and p, and the factors of their bounds."""

    error: Floats
    f_value: Floats
    p_value: Floats
    low: Floats
    high: Floats


def intraclass_correlation(
    squares: MeanSquares, form: IccForm, confidence: float = 0.95
) -> IntraclassCorrelation:
    """One form of :func:`intraclass_correlations`."""
    return intraclass_correlations(squares, (form,), confidence)[form]


def intraclass_correlations(
    squares: MeanSquares, forms: Iterable[IccForm], confidence: float = 0.95
) -> dict[IccForm, IntraclassCorrelation]:
    """Intraclass correlations with their intervals and F tests; never clipped.

    Parameters
    ----------
    squares : MeanSquares
        Mean squares of complete tables.
    forms : iterable of str
        McGraw and Wong's names. ``1`` is one-way random, ``A`` two-way absolute agreement, ``C``
        two-way consistency; ``,1`` is for a single rating, ``,k`` for the mean of all.
    confidence : float
        Coverage of the two-sided interval.

    Returns
    -------
    dict of str to IntraclassCorrelation
        Arrays of the length of the mean squares. F and its p test the between-target mean square
        against ``msw`` (form ``1``) or ``mse`` (forms ``A`` and ``C``).

    Notes
    -----
    The interval of ``A`` uses Satterthwaite's degrees of freedom (McGraw and Wong, table 7). What
    forms of a model share, quantiles of F above all, is computed once.
    """
    reason = reasons_against(squares)
    squares = usable(squares, reason)
    tests: dict[str, _FTest] = {}
    found: dict[IccForm, IntraclassCorrelation] = {}
    for form in forms:
        model = form[4]
        if model not in tests:
            tests[model] = _f_test(model, squares, (1 - confidence) / 2, tests)
        found[form] = _form(form, squares, tests[model], reason)
    return found


def without_interval(
    squares: MeanSquares, forms: Iterable[IccForm]
) -> dict[IccForm, IntraclassCorrelation]:
    """Estimates alone, of mean squares that were not computed from complete tables.

    Their bounds, F and p are NaN, with the reason ``no_interval_by_reml``: the degrees of freedom
    behind them are not known.
    """
    reason = reasons_against(squares)
    squares = usable(squares, reason)
    none = np.full(squares.msr.shape, np.nan)
    found: dict[IccForm, IntraclassCorrelation] = {}
    for form in forms:
        icc = estimate(form, squares, squares.msr)
        told = np.where((reason == "") & np.isnan(icc), _no_quotient(squares), reason)
        told = np.where(told == "", "no_interval_by_reml", told)
        sd = np.where(np.isnan(icc), np.nan, np.sqrt(squares.msw))
        found[form] = IntraclassCorrelation(icc, none, none, none, none, sd, told)
    return found


def _no_quotient(squares: MeanSquares) -> Reasons:
    """Why a form has no value though the feature is fit for one.

    The denominator of ICC(A,k) alone, ``msr + (msc - mse) / n``, can be below zero where targets
    differ: if raters differ less than their error would make them.
    """
    return np.where(squares.msr > 0, "no_positive_denominator", "no_target_variance")


def _form(
    form: IccForm, squares: MeanSquares, test: _FTest, reason: Reasons
) -> IntraclassCorrelation:
    icc = estimate(form, squares, squares.msr)
    undefined = np.isnan(icc)
    agreed = (test.error == 0) & (squares.msr > 0)
    reason = np.where((reason == "") & undefined, _no_quotient(squares), reason)
    reason[(reason == "") & agreed] = "no_error_variance"

    def where_defined(values: Floats) -> Floats:
        return np.where(undefined, np.nan, values)

    return IntraclassCorrelation(
        icc=icc,
        ci_low=where_defined(estimate(form, squares, squares.msr * test.low)),
        ci_high=where_defined(estimate(form, squares, squares.msr * test.high)),
        f_value=np.where(undefined | agreed, np.nan, test.f_value),
        p_value=where_defined(test.p_value),
        within_subject_sd=where_defined(np.sqrt(squares.msw)),
        reason=reason,
    )


def _f_test(model: str, squares: MeanSquares, tail: float, known: dict[str, _FTest]) -> _FTest:
    n, k = squares.n_targets.astype(float), squares.n_raters.astype(float)
    error = squares.msw if model == "1" else squares.mse
    degrees = n * (k - 1) if model == "1" else (n - 1) * (k - 1)
    if model == "A":
        spread = _satterthwaite(squares)
        low, high = (special.fdtri(spread, n - 1, q) for q in (tail, 1 - tail))
    else:
        low, high = (_quantile(degrees, n - 1, q) for q in (tail, 1 - tail))
    # agreement and consistency test the same F
    same = known.get({"A": "C", "C": "A"}.get(model, ""))
    if same is not None:
        return same._replace(low=low, high=high)
    agreed = (error == 0) & (squares.msr > 0)
    f_value = np.where(agreed, np.inf, ratio(squares.msr, error))
    return _FTest(error, f_value, special.fdtrc(n - 1, degrees, f_value), low, high)


def _quantile(first: Floats, second: Floats, probability: float) -> Floats:
    """Quantiles of F, each pair of degrees of freedom once: features mostly share them."""
    pairs, place = np.unique(first + 1j * second, return_inverse=True)
    return np.asarray(special.fdtri(pairs.real, pairs.imag, probability)[place])


def estimate(form: IccForm, squares: MeanSquares, msr: Floats) -> Floats:
    """Coefficient of a form for a between-target mean square (McGraw and Wong, table 4)."""
    n, k = squares.n_targets.astype(float), squares.n_raters.astype(float)
    msw, msc, mse = squares.msw, squares.msc, squares.mse
    if form == "ICC(1,1)":
        return ratio(msr - msw, msr + (k - 1) * msw)
    if form == "ICC(C,1)":
        return ratio(msr - mse, msr + (k - 1) * mse)
    if form == "ICC(A,1)":
        return ratio(msr - mse, msr + (k - 1) * mse + k * (msc - mse) / n)
    if form == "ICC(1,k)":
        return ratio(msr - msw, msr)
    if form == "ICC(C,k)":
        return ratio(msr - mse, msr)
    return ratio(msr - mse, msr + (msc - mse) / n)


def _satterthwaite(squares: MeanSquares) -> Floats:
    """Degrees of freedom of the interval of ICC(A,1) (McGraw and Wong, table 7).

    Their a and b are multiplied by ``1 - icc``, which leaves the ratio and removes the pole at
    perfect agreement.
    """
    n, k = squares.n_targets.astype(float), squares.n_raters.astype(float)
    icc = estimate("ICC(A,1)", squares, squares.msr)
    rater = k * icc / n * squares.msc
    residual = (1 - icc + k * icc * (n - 1) / n) * squares.mse
    degrees = (n - 1) * (k - 1)
    spread = np.square(rater) / (k - 1) + np.square(residual) / degrees
    # without error the bounds equal the estimate for any degrees of freedom
    return np.where(spread > 0, ratio(np.square(rater + residual), spread), degrees)
