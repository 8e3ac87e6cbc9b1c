"""How many independent tests correlated features amount to."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from roentgene.analyses.association.covariates import unit_residuals
from roentgene.analyses.association.ranks import Columns
from roentgene.analyses.constant import Floats


class EffectiveTests(NamedTuple):
    """Effective number of tests of some features.

    ``n_features`` counts those that vary among the ``n_persons`` who have all of them.
    """

    n_features: int
    n_persons: int
    nyholt: float
    li_ji: float
    galwey: float


def effective_tests(features: Floats) -> EffectiveTests | None:
    """Count effective tests by the eigenvalues of the features' rank correlations.

    Parameters
    ----------
    features : ndarray, shape (persons, features)
        NaN where missing. Persons who lack a feature are left out, and constant features.

    Returns
    -------
    EffectiveTests or None
        None if fewer than two features vary among the persons who have all of them.

    Notes
    -----
    With M features and eigenvalues e: Nyholt 2004, doi:10.1086/383251,
    ``1 + (M - 1) (1 - var(e) / M)``; Li and Ji 2005, doi:10.1038/sj.hdy.6800717, the sum of
    ``(e >= 1) + e - floor(e)``; Galwey 2009, doi:10.1002/gepi.20408, ``sum(sqrt(e))**2 / sum(e)``.

    Examples
    --------
    >>> independent = np.array([[1.0, -1], [2, 1], [3, 1], [4, -1]])
    >>> effective_tests(np.hstack([independent, independent[:, :1]])).galwey.__round__(3)
    1.943
    """
    columns = Columns(features)
    rows = np.asarray(np.isfinite(columns.values).all(axis=1))
    if rows.sum() < 2:
        return None
    chosen = np.arange(columns.n_columns)
    chosen = chosen[~columns.constant(rows, chosen)]
    if chosen.size < 2:
        return None
    n = int(rows.sum())
    ranks = columns.centred_ranks(rows, chosen).ranks
    units, _ = unit_residuals(ranks, np.full((n, 1), n**-0.5))
    # the smaller of the two products has the same eigenvalues but for zeros
    product = units @ units.T if chosen.size <= n else units.T @ units
    found = np.maximum(np.linalg.eigvalsh(product), 0.0)
    values = np.zeros(chosen.size)
    values[: min(found.size, chosen.size)] = found[::-1][: chosen.size]
    return EffectiveTests(int(chosen.size), n, *_by_eigenvalues(values))


def _by_eigenvalues(values: Floats) -> tuple[float, float, float]:
    m = values.size
    nyholt = 1 + (m - 1) * (1 - float(values.var(ddof=1)) / m)
    # an eigenvalue of 1 may come out a last digit short of it
    rounded = np.where(np.abs(values - values.round()) < 1e-9, values.round(), values)
    li_ji = float(((rounded >= 1) + rounded - np.floor(rounded)).sum())
    galwey = float(np.sqrt(values).sum() ** 2 / values.sum())
    return nyholt, li_ji, galwey
