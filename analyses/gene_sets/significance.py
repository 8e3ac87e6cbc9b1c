"""Normalised enrichment scores, p and false discovery rates from permutations."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from roentgene.analyses.constant import Floats


class Significance(NamedTuple):
    """Of each set, shape (sets,); NaN where no permutation has the sign of the score."""

    normalised: Floats
    p_value: Floats
    q_value: Floats


def significance(score: Floats, null: Floats) -> Significance:
    """Compare scores with those of permutations that have the same sign.

    Parameters
    ----------
    score : ndarray, shape (sets,)
        Enrichment scores.
    null : ndarray, shape (sets, permutations)
        Scores of the same sets in permuted data.

    Notes
    -----
    Scores are divided by the mean of the permuted ones of their sign. q is the share of normalised
    permuted scores of all sets beyond one, over the share of observed ones, at most 1. p counts
    the observed ranking among the permuted ones, so that it is never 0.

    References
    ----------
    Subramanian et al. 2005, doi 10.1073/pnas.0506580102; Phipson and Smyth 2010, doi
    10.2202/1544-6115.1585.
    """
    normalised, p_value = np.full(score.shape, np.nan), np.full(score.shape, np.nan)
    scaled = np.full(null.shape, np.nan)
    for place, (one, row) in enumerate(zip(score, null, strict=True)):
        if np.isnan(one):
            continue
        for sign in (1, -1):
            same = (row >= 0) if sign > 0 else (row < 0)
            if not same.any() or not row[same].any():
                continue
            mean = np.abs(row[same].mean())
            scaled[place, same] = row[same] / mean
            if (one >= 0) == (sign > 0):
                normalised[place] = one / mean
                beyond = (row[same] >= one) if sign > 0 else (row[same] <= one)
                p_value[place] = (beyond.sum() + 1) / (same.sum() + 1)
    return Significance(normalised, p_value, _false_discovery(normalised, scaled))


def _false_discovery(normalised: Floats, scaled: Floats) -> Floats:
    q_value = np.full(normalised.shape, np.nan)
    for sign in (1, -1):
        side = (normalised >= 0) if sign > 0 else (normalised < 0)
        pool = np.sort(sign * scaled[(scaled >= 0) if sign > 0 else (scaled < 0)])
        own = np.sort(sign * normalised[side])
        for place in np.flatnonzero(side):
            one = sign * normalised[place]
            expected = (pool.size - np.searchsorted(pool, one)) / pool.size
            observed = (own.size - np.searchsorted(own, one)) / own.size
            q_value[place] = min(1.0, expected / observed)
    return q_value
