"""How often who is predicted to do worse does worse."""

from __future__ import annotations

import numpy as np

from roentgene.analyses.constant import Floats
from roentgene.analyses.survival.risk_sets import RiskSets


def concordance(predictor: Floats, sets: RiskSets) -> Floats:
    """Harrell's concordance index of each model, as R's ``concordance`` counts it.

    Parameters
    ----------
    predictor : ndarray, shape (models, persons)
        Linear predictors, higher meaning an earlier event, persons in the order of ``sets``.
    sets : RiskSets
        Order of events.

    Returns
    -------
    ndarray, shape (models,)
        Between 0 and 1; NaN where no pair can be compared.

    Notes
    -----
    Of two persons one must have had the event while the other was still under observation, or was
    censored at that time. Equal predictors count half; two events at one time are no pair.

    References
    ----------
    Harrell, Lee and Mark 1996, Statistics in Medicine 15:361-387.
    """
    doubled = np.zeros(predictor.shape[0], np.int64)
    for death, first_tied in zip(sets.deaths.tolist(), sets.first_tied.tolist(), strict=True):
        later, own = predictor[:, :first_tied], predictor[:, death, None]
        doubled += 2 * (own > later).sum(axis=1) + (own == later).sum(axis=1)
    pairs = int(sets.first_tied.sum())
    return doubled / (2 * pairs) if pairs else np.full(predictor.shape[0], np.nan)
