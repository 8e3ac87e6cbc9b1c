"""Exact distributions of rank statistics under all permutations, for few persons."""

from __future__ import annotations

from functools import cache
from itertools import product
from math import factorial

import numpy as np
from numpy.typing import NDArray

from roentgene.analyses.constant import Floats

#: Below, no p can become small: with three persons the smallest exact p is 1/3.
MIN_PERSONS = 4
#: Up to here the exact distribution is used.
EXACT_UP_TO = 9


def exact_p(
    products: Floats, x: Floats, y: Floats, i: NDArray[np.intp], j: NDArray[np.intp]
) -> Floats:
    """Two-sided p of rank products under all permutations, ties and all.

    Parameters
    ----------
    products : ndarray
        Sums over persons of the products of doubled centred ranks of some pairs.
    x, y : ndarray, shape (columns, persons)
        Doubled centred ranks.
    i, j : ndarray of int
        Rows of x and of y of each pair.

    Examples
    --------
    >>> pairs = np.array([[-2.0, -2.0, 2.0, 2.0]])
    >>> exact_p(np.array([16.0]), pairs, pairs, np.array([0]), np.array([0])).round(4).tolist()
    [0.3333]
    """
    p_value = np.empty(products.size)
    if not p_value.size:
        return p_value
    # columns with the same ties share a distribution
    ties_x, of_x = np.unique(_in_order(x), axis=0, return_inverse=True)
    ties_y, of_y = np.unique(_in_order(y), axis=0, return_inverse=True)
    width = ties_y.shape[0]
    both = of_x.ravel()[i] * width + of_y.ravel()[j]
    order = np.argsort(both, kind="stable")
    met, starts = np.unique(both[order], return_index=True)
    for pair, places in zip(met.tolist(), np.split(order, starts[1:]), strict=True):
        a, b = tuple(ties_x[pair // width].tolist()), tuple(ties_y[pair % width].tolist())
        tail = _permutation_tail(*sorted((a, b), key=_few_states))
        p_value[places] = tail[np.abs(products[places]).astype(np.intp)]
    return p_value


def smallest_p(values: Floats) -> Floats:
    """Smallest p of all permutations of columns with ties; 0 without.

    Permutations of persons with one value change nothing, whatever the other column is.

    Parameters
    ----------
    values : ndarray, shape (columns, persons)
        Few persons.

    Examples
    --------
    >>> smallest_p(np.array([[1.0, 1.0, 1.0, 2.0], [1.0, 2.0, 3.0, 4.0]])).tolist()
    [0.25, 0.0]
    """
    alike = values[:, :, None] == values[:, None, :]
    # the k-th person of a tie counts k
    same = np.tril(alike).sum(axis=2).prod(axis=1)
    return np.where(same > 1, same / factorial(values.shape[1]), 0.0)


def _in_order(ranks: Floats) -> Floats:
    """Sort the ranks of columns; of a column and its reverse, whose sizes are alike, give one."""
    ascending = np.sort(ranks, axis=1)
    reverse = -ascending[:, ::-1]
    first = np.argmax(ascending != reverse, axis=1)[:, None]
    larger = np.take_along_axis(ascending > reverse, first, axis=1)
    return np.where(larger, reverse, ascending)


def _few_states(ranks: tuple[float, ...]) -> tuple[int, tuple[float, ...]]:
    """Sort first what has more ties: fewer states of what is given away."""
    return int(np.prod([ranks.count(rank) + 1 for rank in set(ranks)])), ranks


@cache
def _permutation_tail(few: tuple[float, ...], many: tuple[float, ...]) -> Floats:
    """Probability of at least each ``|product|`` from 0.

    The permutations are counted by dynamic programming over how many of each rank of ``few`` are
    given away already, to the ranks of ``many`` one after another.
    """
    ranks, sizes = np.unique(few, return_counts=True)
    n = len(many)
    # no partial sum is larger, by Cauchy and Schwarz
    largest = n * (n * n - 1) // 3
    counts: dict[tuple[int, ...], NDArray[np.int64]] = {}
    for given in product(*(range(size + 1) for size in sizes.tolist())):
        position = sum(given)
        found = np.zeros(2 * largest + 1, np.int64)
        found[largest] = position == 0
        for number, rank in enumerate(ranks.tolist()):
            if given[number]:
                before = (*given[:number], given[number] - 1, *given[number + 1 :])
                # nothing is lost at the ends, which no partial sum is beyond
                found += np.roll(counts[before], int(rank * many[position - 1]))
        counts[given] = found
    distribution = counts[tuple(sizes.tolist())]
    frequency = distribution[largest:].copy()
    frequency[1:] += distribution[:largest][::-1]
    return np.asarray(np.cumsum(frequency[::-1])[::-1] / distribution.sum())


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
