"""Exact distributions of rank statistics under all permutations, for few persons without ties."""

from __future__ import annotations

from functools import cache

import numpy as np

from roentgene.analyses.constant import Floats

#: Below, no p can become small: with three persons the smallest exact p is 1/3.
MIN_PERSONS = 4
#: Up to here the exact distribution is used where there are no ties.
EXACT_UP_TO = 9


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


def exact_u_p(u: Floats, n_first: int, n_second: int) -> Floats:
    """Two-sided p of Mann and Whitney's U under all divisions into two groups.

    Parameters
    ----------
    u : ndarray
        U of either group, without ties.
    n_first, n_second : int
        Sizes of the groups.
    """
    tail = _u_tail(min(n_first, n_second), max(n_first, n_second))
    larger = np.maximum(u, n_first * n_second - u).round().astype(np.intp)
    return np.minimum(2.0 * tail[larger], 1.0)


@cache
def _u_tail(n_first: int, n_second: int) -> Floats:
    """Probability of at least each U from 0 to ``n_first * n_second``."""
    n = n_first + n_second
    # divisions by the size of the first group and the sum of its ranks, counted from 0
    largest = n_first * n
    counts = np.zeros((n_first + 1, largest + 1), np.int64)
    counts[0, 0] = 1
    for rank in range(n):
        for size in range(min(n_first, rank + 1), 0, -1):
            counts[size, rank:] += counts[size - 1, : largest + 1 - rank]
    lowest = n_first * (n_first - 1) // 2
    frequency = counts[n_first, lowest : lowest + n_first * n_second + 1]
    return np.asarray(np.cumsum(frequency[::-1])[::-1] / frequency.sum())
