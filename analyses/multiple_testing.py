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
