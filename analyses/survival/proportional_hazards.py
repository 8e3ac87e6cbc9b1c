"""Whether hazards are proportional: the score test for a coefficient that moves with time."""

from __future__ import annotations

import numpy as np

from roentgene.analyses.constant import Floats
from roentgene.analyses.survival.risk_sets import RiskSets, moments


def proportional_hazards_p(x: Floats, coefficients: Floats, sets: RiskSets) -> Floats:
    """Test that the coefficient of the feature is the same at all times, and give its p.

    The test of R's ``cox.zph`` (survival 3) with its default clock: the score of one more
    covariate, the feature times (1 - Kaplan-Meier estimate just before the event), at the fitted
    coefficients. It looks for a trend of the scaled Schoenfeld residuals.

    Parameters
    ----------
    x : ndarray, shape (p, models, persons)
        Covariates, the feature first, persons in the order of ``sets``.
    coefficients : ndarray, shape (models, p)
        Fitted coefficients.
    sets : RiskSets
        Order of events.

    Returns
    -------
    ndarray, shape (models,)
        Two-sided p, of a chi-squared with one degree of freedom.

    References
    ----------
    Grambsch and Therneau 1994, doi 10.1093/biomet/81.3.515.
    """
    from scipy import special

    found = moments(x, coefficients, sets)
    clock = _clock(sets)
    residual = x[0][:, sets.deaths] - found.mean[0]
    score = (residual * clock).sum(axis=1)
    plain = np.moveaxis(found.covariance.sum(axis=3), 2, 0)
    mixed = (found.covariance[:, 0] * clock).sum(axis=2).T
    timed = (found.covariance[0, 0] * clock**2).sum(axis=1)
    # the score of the fitted coefficients is zero, so that of the new one is all there is
    explained = np.einsum("mp,mp->m", mixed, np.linalg.solve(plain, mixed[..., None])[..., 0])
    statistic = score**2 / (timed - explained)
    return np.asarray(special.chdtrc(1, statistic))


def _clock(sets: RiskSets) -> Floats:
    """1 - Kaplan-Meier estimate just before each event, centred."""
    n_tied = np.diff(np.append(sets.tied, sets.deaths.size))
    at_risk = sets.last[sets.tied] + 1
    # times stand latest first
    survival = np.cumprod((1 - n_tied / at_risk)[::-1])
    before = np.append(1.0, survival[:-1])[::-1]
    clock = 1 - np.repeat(before, n_tied)
    return np.asarray(clock - clock.mean())
