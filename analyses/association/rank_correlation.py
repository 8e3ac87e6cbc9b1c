"""Spearman's rank correlation of every feature with every target, exact and fast.

Doubled centred ranks are whole numbers, so the matrix product of ranks is a sum of whole numbers
below 2**53 for fewer than 200,000 persons: exact in double precision, whatever the block size,
thread count or BLAS kernel.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import special

from roentgene.analyses.constant import Floats, is_constant

Mask: TypeAlias = NDArray[np.bool_]

#: Below, no p can become small: with three persons the smallest exact p is 1/3.
MIN_PERSONS = 4
#: Up to here the exact distribution is used where there are no ties.
EXACT_UP_TO = 9
#: Variance of Fisher's z of a rank correlation, times (n - 3): Fieller, Hartley and Pearson 1957,
#: Biometrika 44:470-481, doi:10.1093/biomet/44.3-4.470.
FIELLER = 1.06

#: Why a pair was not tested; the position is the code in ``RankCorrelation.reason``.
REASONS = ("", "too_few_persons", "constant_feature", "constant_target", "duplicate_feature")
_TOO_FEW, _CONSTANT_FEATURE, _CONSTANT_TARGET, _DUPLICATE = range(1, len(REASONS))


class CentredRanks(NamedTuple):
    """Average ranks r of n persons as whole numbers ``2 r - (n + 1)``, column by column.

    ``ranks`` has the shape of the values, ``sum_of_squares`` and ``tied`` one element a column.
    """

    ranks: Floats
    sum_of_squares: Floats
    tied: Mask


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


def centred_ranks(values: Floats) -> CentredRanks:
    """Rank columns, ties by their average rank.

    Parameters
    ----------
    values : ndarray, shape (persons, columns)
        Finite values.
    """
    from scipy import stats

    n = values.shape[0]
    ranks = 2.0 * stats.rankdata(values, axis=0) - (n + 1)
    sum_of_squares = np.einsum("ij,ij->j", ranks, ranks)
    return CentredRanks(ranks, sum_of_squares, sum_of_squares < n * (n * n - 1) / 3)


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
    p is exact for at most 9 persons without ties; otherwise it is twice the tail of Student's t
    with n - 2 degrees of freedom at ``rho * sqrt((n - 2) / ((1 - rho) (1 + rho)))``.
    """
    if features.shape[0] != targets.shape[0]:
        msg = f"{features.shape[0]} rows of features but {targets.shape[0]} of targets"
        raise ValueError(msg)
    shape = (features.shape[1], targets.shape[1])
    result = RankCorrelation(
        n=np.zeros(shape, np.int32),
        rho=np.full(shape, np.nan),
        p_value=np.full(shape, np.nan),
        exact=np.zeros(shape, bool),
        reason=np.zeros(shape, np.int8),
        n_infinite=int(np.isinf(features).sum() + np.isinf(targets).sum()),
    )
    for feature_rows, i in _by_missing_pattern(features):
        for target_rows, j in _by_missing_pattern(targets):
            rows = feature_rows & target_rows
            block = _correlate(features[np.ix_(rows, i)], targets[np.ix_(rows, j)])
            place = np.ix_(i, j)
            result.n[place], result.reason[place] = block.n, block.reason
            result.rho[place], result.p_value[place] = block.rho, block.p_value
            result.exact[place] = block.exact
    if duplicate is not None:
        _refuse(result, duplicate[:, None] & (result.reason == 0), _DUPLICATE)
    return result


def _by_missing_pattern(values: Floats) -> Iterator[tuple[Mask, NDArray[np.intp]]]:
    """Yield groups of columns that lack the same persons: (persons present, columns)."""
    present = np.isfinite(values)
    packed = np.packbits(present, axis=0)
    _, first, group = np.unique(packed, axis=1, return_index=True, return_inverse=True)
    for number, column in enumerate(first):
        yield present[:, column], np.flatnonzero(group.ravel() == number)


def _correlate(features: Floats, targets: Floats) -> RankCorrelation:
    """Correlate matrices without missing values."""
    n = features.shape[0]
    shape = (features.shape[1], targets.shape[1])
    empty = RankCorrelation(
        np.full(shape, n, np.int32),
        np.full(shape, np.nan),
        np.full(shape, np.nan),
        np.zeros(shape, bool),
        np.zeros(shape, np.int8),
        0,
    )
    if n < MIN_PERSONS:
        empty.reason[:] = _TOO_FEW
        return empty
    x, y = centred_ranks(features), centred_ranks(targets)
    products = x.ranks.T @ y.ranks
    constant_x, constant_y = _constant(features), _constant(targets)
    scale = np.sqrt(np.outer(x.sum_of_squares, y.sum_of_squares))
    rho = np.divide(products, scale, out=empty.rho, where=scale > 0)
    found = empty._replace(rho=rho, p_value=_p_by_t(rho, n))
    if n <= EXACT_UP_TO:
        found.exact[:] = ~x.tied[:, None] & ~y.tied[None, :]
        found.p_value[found.exact] = exact_p(products[found.exact], n)
    _refuse(found, np.broadcast_to(constant_y, shape), _CONSTANT_TARGET)
    _refuse(found, np.broadcast_to(constant_x[:, None], shape), _CONSTANT_FEATURE)
    return found


def _constant(values: Floats) -> Mask:
    return is_constant(values.min(axis=0), values.max(axis=0))


def _refuse(result: RankCorrelation, where: Mask, reason: int) -> None:
    result.rho[where] = np.nan
    result.p_value[where] = np.nan
    result.exact[where] = False
    result.reason[where] = reason


def _p_by_t(rho: Floats, n: int) -> Floats:
    # (1 - rho) (1 + rho), not 1 - rho**2: keeps the digits, and gives p = 0 at |rho| = 1
    degrees = n - 2
    with np.errstate(divide="ignore"):
        t = rho * np.sqrt(degrees / ((1.0 - rho) * (1.0 + rho)))
    return np.asarray(2.0 * special.stdtr(degrees, -np.abs(t)))


def exact_p(products: Floats, n: int) -> Floats:
    """Two-sided p of rank products under all permutations.

    Parameters
    ----------
    products : ndarray
        Sums over persons of the products of doubled centred ranks, without ties.
    n : int
        Number of persons.
    """
    values, tail = _permutation_tail(n)
    return tail[np.searchsorted(values, np.abs(products))]


@cache
def _permutation_tail(n: int) -> tuple[Floats, Floats]:
    """Possible |products| in ascending order, and the probability of at least each of them.

    The number of permutations with a sum of ``position * rank`` is counted by dynamic
    programming over the set of ranks already given away.
    """
    largest = n * (n + 1) * (2 * n + 1) // 6
    counts = np.zeros((1 << n, largest + 1), np.int64)
    counts[0, 0] = 1
    for given in range(1 << n):
        position = given.bit_count() + 1
        for rank in range(n):
            if not given >> rank & 1:
                step = position * (rank + 1)
                counts[given | 1 << rank, step:] += counts[given, : largest + 1 - step]
    # sum of doubled centred products = 4 * sum of products - n (n + 1)**2
    sums = np.arange(largest + 1)
    distance = np.abs(4 * sums - n * (n + 1) ** 2)
    values, place = np.unique(distance, return_inverse=True)
    frequency = np.zeros(values.size, np.int64)
    np.add.at(frequency, place, counts[-1])
    kept = frequency > 0
    tail = np.cumsum(frequency[kept][::-1])[::-1] / counts[-1].sum()
    return values[kept].astype(np.float64), tail


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
