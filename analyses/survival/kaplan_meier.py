"""Kaplan-Meier estimates of two groups, and the log-rank test between them, by statsmodels."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from roentgene.analyses.constant import Floats


class Curve(NamedTuple):
    """Estimate at every distinct time; intervals are NaN where nobody survives."""

    time: Floats
    n_at_risk: NDArray[np.int64]
    n_events: NDArray[np.int64]
    n_censored: NDArray[np.int64]
    survival: Floats
    standard_error: Floats
    ci_low: Floats
    ci_high: Floats


class LogRank(NamedTuple):
    """Statistic and p of the log-rank test, one degree of freedom."""

    chi_squared: float
    p_value: float


def kaplan_meier(time: Floats, event: NDArray[np.bool_]) -> Curve:
    """Kaplan-Meier estimate with its 95 % interval.

    Parameters
    ----------
    time : ndarray, shape (persons,)
        Time to the event or to the end of follow-up.
    event : ndarray of bool, shape (persons,)
        Whether the event was seen; at least one was.

    Notes
    -----
    ``standard_error`` is Greenwood's, of the logarithm of the survival (the cumulative hazard),
    and the interval is made on that scale and ends at 1, as by default in R's ``survfit``.

    References
    ----------
    Kaplan and Meier 1958, doi 10.1080/01621459.1958.10501452.
    """
    from scipy import special
    from statsmodels.duration.survfunc import SurvfuncRight

    times, place = np.unique(time, return_inverse=True)
    n_events = np.bincount(place, event, times.size).astype(np.int64)
    n_all = np.bincount(place, minlength=times.size)
    n_at_risk = time.size - np.cumsum(n_all) + n_all
    fitted = SurvfuncRight(time, event.astype(np.float64))
    # where nobody has the event the estimate stays as it was, and is 1 before the first one
    held = np.searchsorted(fitted.surv_times, times, side="right")
    survival = np.append(1.0, fitted.surv_prob)[held]
    with np.errstate(invalid="ignore", divide="ignore"):
        error = np.append(0.0, fitted.surv_prob_se / fitted.surv_prob)[held]
    error = np.where(survival > 0, error, np.nan)
    factor = np.exp(special.ndtri(0.975) * error)
    return Curve(
        times,
        n_at_risk,
        n_events,
        n_all - n_events,
        survival,
        error,
        survival / factor,
        np.minimum(survival * factor, 1.0),
    )


def log_rank(time: Floats, event: NDArray[np.bool_], high: NDArray[np.bool_]) -> LogRank:
    """Log-rank test of the hypothesis that both groups survive alike.

    References
    ----------
    Mantel 1966, Cancer Chemotherapy Reports 50:163-170.
    """
    from scipy import special
    from statsmodels.duration.survfunc import survdiff

    statistic, _ = survdiff(time, event.astype(np.int64), high.astype(np.int64))
    # survdiff's own p is 1 less the distribution function, and loses the digits of a small one
    return LogRank(float(statistic), float(special.chdtrc(1, statistic)))
