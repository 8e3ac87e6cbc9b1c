"""Correlations of all pairs of two sets of rows, a block of targets at a time.

Pairs are looked for in single precision, and told exactly in double precision. The blocks have
one size whatever the number of threads, and each is one thread's: nothing depends on the threads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from roentgene.analyses.association.ranks import CentredRanks, Mask
from roentgene.analyses.constant import Floats

#: Targets of a block: with 1,300 features its products stay in a core's cache.
BLOCK = 256
#: Whole numbers up to here, and sums of them, are exact in single precision.
EXACT_SINGLES = 2.0**24
#: Unit of rounding of single precision.
ROUNDING = 2.0**-24
#: Limits of a block that differ by less than a fiftieth are taken for the least of them.
ALIKE = 0.98
#: A correlation nearer to 1 than this cannot be told from it.
NEAREST_TO_ONE = 8.0 * 2.0**-53

Singles = NDArray[np.float32]
T = TypeVar("T")


@dataclass(frozen=True)
class Side:
    """One side of the pairs.

    ``vectors`` has the shape (columns, persons): either whole numbers, whose sums of squares are
    ``squares``, or rows of length 1, whose ``squares`` are 1. ``tied`` tells columns with ties.
    """

    vectors: Floats
    squares: Floats
    tied: Mask
    whole: bool

    @classmethod
    def of_ranks(cls, ranks: CentredRanks) -> Side:
        """Make a side of doubled centred ranks."""
        return cls(ranks.ranks, ranks.sum_of_squares, ranks.tied, whole=True)

    @classmethod
    def of_units(cls, vectors: Floats) -> Side:
        """Make a side of rows of length 1."""
        n_columns = vectors.shape[0]
        return cls(vectors, np.ones(n_columns), np.ones(n_columns, bool), whole=False)

    def where(self, chosen: NDArray[np.intp]) -> Side:
        """Choose some of the columns, in an order."""
        return Side(self.vectors[chosen], self.squares[chosen], self.tied[chosen], self.whole)

    def of_persons(self, order: NDArray[np.intp]) -> Side:
        """Give each person the vectors' elements of another one."""
        return Side(self.vectors[:, order], self.squares, self.tied, self.whole)

    @cached_property
    def singles(self) -> Singles:
        """The vectors in single precision: exact if they are whole numbers."""
        return self.vectors.astype(np.float32)


class Pairs(NamedTuple):
    """Some pairs: places on both sides, products of their vectors, and correlations."""

    i: NDArray[np.intp]
    j: NDArray[np.intp]
    products: Floats
    r: Floats


def pairs(
    x: Side, y: Side, least: float, judge: Callable[[Pairs], T], n_threads: int = 1
) -> list[T]:
    """Give all pairs with a correlation of at least a size to a judge, block by block.

    Parameters
    ----------
    x, y : Side
        Both of whole numbers or both of length 1, and without a row of zeros.
    least : float
        Every pair with ``|r| >= least`` is given; pairs a little below may be, too.
    judge : callable
        Called from several threads; its results come back in the order of the blocks.
    n_threads : int
        Threads, each with a BLAS of one thread: to be called within ``one_blas_thread``.
    """
    starts = range(0, y.vectors.shape[0], BLOCK)

    def work(start: int) -> T:
        chosen = slice(start, start + BLOCK)
        return judge(_at_least(x, y, chosen, least) if least > 0 else _all(x, y, chosen))

    return in_threads(work, starts, n_threads)


def guard_band(n: int) -> float:
    """Largest error of the product of two vectors of length 1 in single precision.

    n products and as many sums are rounded, and both vectors were: ``(n + 3)`` roundings.
    """
    return (n + 3) * ROUNDING


def is_exact_in_singles(n: int) -> bool:
    """Whether products of doubled centred ranks of n persons are exact in single precision.

    By Cauchy and Schwarz no partial sum is larger than the sum of squares without ties,
    ``n (n**2 - 1) / 3``: up to 369 persons.
    """
    return n * (n * n - 1) / 3 <= EXACT_SINGLES


def correlation_of(x: Side, y: Side, i: NDArray[np.intp], j: NDArray[np.intp]) -> Pairs:
    """Correlations of some pairs in double precision: exact products of whole numbers."""
    products = np.empty(i.size)
    for start in range(0, i.size, 8192):
        some = slice(start, start + 8192)
        # not BLAS: the order of the sum is the same whatever the number of pairs
        np.einsum("ij,ij->i", x.vectors[i[some]], y.vectors[j[some]], out=products[some])
    return correlated(x, y, i, j, products)


def correlated(
    x: Side, y: Side, i: NDArray[np.intp], j: NDArray[np.intp], products: Floats
) -> Pairs:
    """Make correlations of products of some pairs in double precision."""
    if x.whole:
        return Pairs(i, j, products, products / np.sqrt(x.squares[i] * y.squares[j]))
    return Pairs(i, j, products, _told_from_one(products))


def _told_from_one(r: Floats) -> Floats:
    """Make those correlations 1 whose rounding may fall on either side of it."""
    return np.where(1.0 - np.abs(r) < NEAREST_TO_ONE, np.sign(r), r)


def _all(x: Side, y: Side, chosen: slice) -> Pairs:
    part = y.vectors[chosen]
    if x.whole and is_exact_in_singles(part.shape[1]):
        products = (x.singles @ y.singles[chosen].T).astype(np.float64)
    else:
        products = x.vectors @ part.T
    i, j = np.indices(products.shape).reshape(2, -1)
    if x.whole:
        r = products / np.sqrt(np.outer(x.squares, y.squares[chosen]))
    else:
        r = _told_from_one(products)
    return Pairs(i, j + chosen.start, products.ravel(), r.ravel())


def _at_least(x: Side, y: Side, chosen: slice, least: float) -> Pairs:
    part = y.singles[chosen]
    width, n = part.shape
    products = x.singles @ part.T
    limits = (least - guard_band(n)) * np.sqrt(y.squares[chosen])
    found = np.flatnonzero(are_large(np.abs(products), np.sqrt(x.squares), limits))
    i, j = np.divmod(found, width)
    if x.whole and is_exact_in_singles(n):
        return correlated(x, y, i, j + chosen.start, products.ravel()[found].astype(np.float64))
    return correlation_of(x, y, i, j + chosen.start)


def are_large(sizes: Singles, rows: Floats, columns: Floats) -> Mask:
    """Tell products that are at least ``rows[i] * columns[j]``, and perhaps a little smaller ones.

    Parameters
    ----------
    sizes : ndarray
        Absolute products.
    rows, columns : ndarray
        Factors of the limits, one element a row, and a column. Best those of a block are alike:
        one number is compared several times as fast.
    """
    least = rows.min() * columns.min()
    if least > ALIKE * rows.max() * columns.max():
        return np.asarray(sizes >= np.float32(least))
    return np.asarray(
        sizes >= np.multiply.outer(rows.astype(np.float32), columns.astype(np.float32))
    )


def in_threads(work: Callable[[int], T], items: range, n_threads: int) -> list[T]:
    """Do pieces of work in some threads; results in the order of the pieces."""
    from concurrent.futures import ThreadPoolExecutor

    if n_threads == 1 or len(items) == 1:
        return [work(item) for item in items]
    with ThreadPoolExecutor(n_threads) as pool:
        return list(pool.map(work, items))


@contextmanager
def one_blas_thread() -> Iterator[int]:
    """Leave BLAS one thread for a while; gives the number of threads that it had."""
    from threadpoolctl import ThreadpoolController

    blas = ThreadpoolController().select(user_api="blas")
    n_threads = max((library.num_threads for library in blas.lib_controllers), default=1)
    with blas.limit(limits=1):
        yield n_threads
