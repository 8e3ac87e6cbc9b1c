"""Average ranks of columns, made once and ranked anew for any choice of the persons.

Doubled centred ranks ``2 r - (n + 1)`` are whole numbers, ties included: their products are exact.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from roentgene.analyses.constant import Floats, is_constant

Mask: TypeAlias = NDArray[np.bool_]


class CentredRanks(NamedTuple):
    """Average ranks r of n persons as whole numbers ``2 r - (n + 1)``, column by column.

    ``ranks`` has the shape (columns, persons); ``sum_of_squares`` and ``tied`` have one element
    a column.
    """

    ranks: Floats
    sum_of_squares: Floats
    tied: Mask

    def where(self, chosen: Mask) -> CentredRanks:
        """Choose some of the columns."""
        return CentredRanks(self.ranks[chosen], self.sum_of_squares[chosen], self.tied[chosen])


class Columns:
    """Columns of values of the same persons, sorted once, ranked for any subset of the persons.

    Parameters
    ----------
    values : ndarray, shape (persons, columns)
        NaN where missing; infinite values count as missing.

    Attributes
    ----------
    values : ndarray, shape (persons, columns)
        NaN where missing or infinite.
    n_infinite : int
        How many infinite values were taken as missing.

    Examples
    --------
    >>> columns = Columns(np.array([[3.0], [1.0], [1.0], [7.0]]))
    >>> columns.centred_ranks(np.ones(4, bool), np.array([0])).ranks.tolist()
    [[1.0, -2.0, -2.0, 3.0]]
    """

    def __init__(self, values: Floats) -> None:
        infinite = np.isinf(values)
        self.n_infinite = int(infinite.sum())
        self.values: Floats = np.where(infinite, np.nan, values)
        self._order: NDArray[np.int32] | None = None
        self._patterns: list[tuple[Mask, NDArray[np.intp]]] | None = None
        # the last choice only: the next target block mostly has the same persons
        self._constant: dict[tuple[bytes, bytes], Mask] = {}
        self._ranks: dict[tuple[bytes, bytes], CentredRanks] = {}

    @property
    def n_persons(self) -> int:
        """Number of rows."""
        return int(self.values.shape[0])

    @property
    def n_columns(self) -> int:
        """Number of columns."""
        return int(self.values.shape[1])

    def patterns(self) -> list[tuple[Mask, NDArray[np.intp]]]:
        """Group columns that lack the same persons: (persons present, columns)."""
        if self._patterns is None:
            self._patterns = list(by_missing_pattern(self.values))
        return self._patterns

    def constant(self, rows: Mask, chosen: NDArray[np.intp]) -> Mask:
        """Which of some columns, complete among some persons, do not vary among them."""
        key = (rows.tobytes(), chosen.tobytes())
        if key not in self._constant:
            part = self.values[np.ix_(rows, chosen)]
            self._constant = {key: is_constant(part.min(axis=0), part.max(axis=0))}
        return self._constant[key]

    def centred_ranks(self, rows: Mask, chosen: NDArray[np.intp]) -> CentredRanks:
        """Rank some columns, complete among some persons, within these persons.

        The result is kept for the next call.
        """
        key = (rows.tobytes(), chosen.tobytes())
        if key not in self._ranks:
            self._ranks = {key: self._rank(rows, chosen)}
        return self._ranks[key]

    def _rank(self, rows: Mask, chosen: NDArray[np.intp]) -> CentredRanks:
        if self._order is None:
            self._order = np.argsort(self.values.T, axis=1, kind="stable").astype(np.int32)
        # the order among some persons is the order among all, without the others
        order = self._order[chosen]
        if not rows.all():
            order = order[rows[order]].reshape(chosen.size, int(rows.sum()))
        sorted_values = self.values.T[chosen[:, None], order]
        place = (np.cumsum(rows) - 1)[order]
        ranks = np.empty(order.shape)
        np.put_along_axis(ranks, place, _sorted_ranks(sorted_values), axis=1)
        squares = np.einsum("ij,ij->i", ranks, ranks)
        n = order.shape[1]
        return CentredRanks(ranks, squares, squares < n * (n * n - 1) / 3)


def _sorted_ranks(values: Floats) -> Floats:
    """Doubled centred ranks of rows that ascend."""
    n = values.shape[1]
    position = np.arange(n, dtype=np.float64)
    ranks = np.broadcast_to(2 * position + 1 - n, values.shape).copy()
    differs = values[:, 1:] != values[:, :-1]
    tied = np.flatnonzero(~differs.all(axis=1))
    if tied.size:
        begins = np.hstack([np.ones((tied.size, 1), bool), differs[tied]])
        ends = np.hstack([differs[tied], np.ones((tied.size, 1), bool)])
        first = np.maximum.accumulate(np.where(begins, position, 0.0), axis=1)
        backwards = np.where(ends, position, n)[:, ::-1]
        last = np.minimum.accumulate(backwards, axis=1)[:, ::-1]
        ranks[tied] = first + last + 1 - n
    return ranks


def centred_ranks(values: Floats) -> CentredRanks:
    """Rank columns of finite values, ties by their average rank.

    Parameters
    ----------
    values : ndarray, shape (persons, columns)
        Finite values.
    """
    columns = Columns(values)
    return columns.centred_ranks(np.ones(values.shape[0], bool), np.arange(values.shape[1]))


def by_missing_pattern(values: Floats) -> Iterator[tuple[Mask, NDArray[np.intp]]]:
    """Yield groups of columns that lack the same persons: (persons present, columns)."""
    present = np.isfinite(values)
    packed = np.packbits(present, axis=0)
    _, first, group = np.unique(packed, axis=1, return_index=True, return_inverse=True)
    for number, column in enumerate(first):
        yield present[:, column], np.flatnonzero(group.ravel() == number)
