"""Spearman's rank correlation of every feature with every target, as whole matrices."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from roentgene.analyses.association.correlation_blocks import one_blas_thread
from roentgene.analyses.association.design import design_of
from roentgene.analyses.association.pattern_block import assess
from roentgene.analyses.association.ranks import Mask
from roentgene.analyses.association.small_samples import MIN_PERSONS
from roentgene.analyses.association.testing import P_METHODS
from roentgene.analyses.association.untested import REASONS, reasons_of
from roentgene.analyses.constant import Floats

__all__ = ["REASONS", "RankCorrelation", "detectable_rho", "duplicate_columns", "spearman"]

#: Variance of Fisher's z of a rank correlation, times (n - 3): Fieller, Hartley and Pearson 1957,
#: Biometrika 44:470-481, doi:10.1093/biomet/44.3-4.470.
FIELLER = 1.06


class RankCorrelation(NamedTuple):
    """Every feature with every target; arrays of shape (features, targets).

    ``n`` counts the persons with both values; ``rho`` and ``p_value`` are NaN where ``reason``
    (an index into ``REASONS``) is not 0; ``exact`` tells exact p from the t approximation.
    ``n_infinite`` counts the infinite values that were taken as missing.
    """

    n: NDArray[np.int32]
    rho: Floats
    p_value: Floats
    exact: Mask
    reason: NDArray[np.int8]
    n_infinite: int


def spearman(features: Floats, targets: Floats, duplicate: Mask | None = None) -> RankCorrelation:
    """Spearman's rho of all columns of one matrix with all of another.

    Missing values (NaN; infinite ones count as missing) are left out pair by pair, and the
    remaining persons are ranked anew, as scipy does with ``nan_policy='omit'``.

    Parameters
    ----------
    features : ndarray, shape (persons, features)
        One row a person.
    targets : ndarray, shape (persons, targets)
        The same persons in the same order.
    duplicate : ndarray of bool, shape (features,), optional
        Features not to be tested because they equal another one.

    Raises
    ------
    ValueError
        If the matrices have different numbers of rows.

    Notes
    -----
    p is exact for at most 9 persons; otherwise it is twice the tail of Student's t
    with n - 2 degrees of freedom at ``rho * sqrt((n - 2) / ((1 - rho) (1 + rho)))``.
    """
    design = design_of(features, targets, "spearman", None, None, duplicate, 1.0)
    x, y = design.features, design.targets
    shape = (x.n_columns, y.n_columns)
    result = RankCorrelation(
        n=np.zeros(shape, np.int32),
        rho=np.full(shape, np.nan),
        p_value=np.full(shape, np.nan),
        exact=np.zeros(shape, bool),
        reason=np.zeros(shape, np.int8),
        n_infinite=x.n_infinite + y.n_infinite,
    )
    with one_blas_thread() as n_threads:
        for feature_rows, i in x.patterns():
            for target_rows, j in y.patterns():
                block = assess(design, feature_rows & target_rows, i, j, n_threads)
                result.n[np.ix_(i, j)] = block.n_persons
                result.reason[np.ix_(i, j)] = reasons_of(block)
                place = block.feature, block.target
                result.rho[place], result.p_value[place] = block.estimate, block.p_value
                result.exact[place] = block.p_method == P_METHODS.index("exact")
    return result


def duplicate_columns(values: Floats, scope: NDArray[np.intp] | None = None) -> Mask:
    """Columns that equal an earlier one, missing values included.

    Parameters
    ----------
    values : ndarray, shape (persons, columns)
        Values, NaN where missing.
    scope : ndarray of int, shape (columns,), optional
        Columns are compared within the same number only.
    """
    # + 0.0 makes the two zeros one
    columns = np.ascontiguousarray(values.T) + 0.0
    columns[np.isnan(columns)] = np.nan
    scopes = np.zeros(columns.shape[0], np.intp) if scope is None else scope
    seen: set[tuple[int, bytes]] = set()
    found = np.zeros(columns.shape[0], bool)
    for number, column in enumerate(columns):
        key = (int(scopes[number]), column.tobytes())
        found[number] = key in seen
        seen.add(key)
    return found


def detectable_rho(n: NDArray[np.int32], power: float = 0.8, alpha: float = 0.05) -> Floats:
    """Smallest |rho| that a two-sided test of n persons finds with a given power.

    Parameters
    ----------
    n : ndarray of int
        Numbers of persons.
    power, alpha : float
        Probability of finding it; size of the test, uncorrected.

    Returns
    -------
    ndarray
        NaN for fewer than four persons.

    Notes
    -----
    ``tanh((z[1 - alpha/2] + z[power]) * sqrt(1.06 / (n - 3)))``: Fisher's z with the variance
    of Fieller, Hartley and Pearson 1957.

    Examples
    --------
    >>> detectable_rho(np.array([3, 14, 150])).round(3).tolist()
    [nan, 0.701, 0.234]
    """
    quantiles = special.ndtri(1 - alpha / 2) + special.ndtri(power)
    degrees = np.where(n >= MIN_PERSONS, n - 3.0, np.nan)
    return np.asarray(np.tanh(quantiles * np.sqrt(FIELLER / degrees)))
