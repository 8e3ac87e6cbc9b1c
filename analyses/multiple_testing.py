"""Correction for many tests, family by family."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from roentgene.analyses.constant import Floats


class Corrected(NamedTuple):
    """Corrected p-values, and how many tests each was corrected for.

    ``q_value`` is NaN where there was no test.
    """

    q_value: Floats
    n_tests: NDArray[np.int64]


def benjamini_hochberg(p_values: Floats, family: NDArray[np.integer]) -> Corrected:
    """Benjamini and Hochberg's step-up procedure within each family.

    Parameters
    ----------
    p_values : ndarray, shape (tests,)
        Two-sided p; NaN where a pair was not tested, and then it is not counted either.
    family : ndarray of int, shape (tests,)
        Family of each test.

    References
    ----------
    Benjamini and Hochberg 1995, Journal of the Royal Statistical Society B 57:289-300.
    """
    from statsmodels.stats.multitest import multipletests

    q_value = np.full(p_values.shape, np.nan)
    n_tests = np.zeros(p_values.shape, np.int64)
    tested = np.isfinite(p_values)
    for number in np.unique(family):
        members = family == number
        counted = members & tested
        n_tests[members] = counted.sum()
        if counted.any():
            q_value[counted] = multipletests(p_values[counted], method="fdr_bh")[1]
    return Corrected(q_value, n_tests)


def benjamini_hochberg_tail(
    p_values: Floats, family: NDArray[np.integer], n_tests: NDArray[np.int64]
) -> Floats:
    """Benjamini and Hochberg's procedure where only the small p of each family are at hand.

    Parameters
    ----------
    p_values : ndarray, shape (tests,)
        Every p of the families that is not above some p, and none that is.
    family : ndarray of int, shape (tests,)
        Family of each test, from 0.
    n_tests : ndarray of int, shape (families,)
        How many tests each family has, those with a larger p included.

    Returns
    -------
    ndarray
        q, shape (tests,): exact as far as it is not above the largest p at hand. A larger q is
        an upper bound: a test that is not at hand might lower it, though not below its own p.
    """
    q_value = np.empty(p_values.shape)
    for number in np.flatnonzero(np.bincount(family, minlength=n_tests.size)).tolist():
        members = np.flatnonzero(family == number)
        # equal p get one q, whatever their order
        members = members[np.argsort(p_values[members])]
        share = np.arange(1, members.size + 1) / n_tests[number]
        rising = np.minimum.accumulate((p_values[members] / share)[::-1])[::-1]
        q_value[members] = np.minimum(rising, 1.0)
    return q_value
