"""Long rows to a wide matrix: whole numbers say where each value goes, and it is put there.

A wide matrix needs neither sorting nor PIVOT. A row comes with the number of its place and of its
column, and one indexed assignment a batch does the rest; memory is that of the matrix and of one
batch.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.integer[Any]]


class WideMatrix(NamedTuple):
    """Values by column and row.

    ``values`` has the shape (columns, rows), so that a column lies in one piece; NaN where there is
    no value. ``columns`` are the codes of the columns, ascending. ``clashes`` are indices (column,
    row) of cells that were given two different values; the matrix holds one of them.
    """

    columns: NDArray[np.int64]
    values: Floats
    clashes: list[tuple[int, int]]


class WideMatrixBuilder:
    """Takes long rows batch by batch.

    Parameters
    ----------
    n_codes : int
        Codes of columns are below this; only those that occur take memory.
    n_rows : int
        Number of rows.
    """

    def __init__(self, n_codes: int, n_rows: int) -> None:
        # pages that nothing is written to are never there
        self._values = np.empty((n_codes, n_rows))
        self._used = np.zeros(n_codes, dtype=bool)
        self._clashes: set[tuple[int, int]] = set()

    def add(self, rows: Integers, codes: Integers, values: Floats) -> None:
        """Put values in their places.

        Parameters
        ----------
        rows : array of int, shape (n,)
            Row of each value, from 0.
        codes : array of int, shape (n,)
            Code of the column of each value, from 0.
        values : array of float, shape (n,)
            The values, all finite.
        """
        self._values[self._first_seen(codes)] = np.nan
        before = self._values[codes, rows]
        self._values[codes, rows] = values
        # written over by another value, of this batch or an earlier one
        lost = (self._values[codes, rows] != values) | (~np.isnan(before) & (before != values))
        for index in np.flatnonzero(lost):
            self._clashes.add((int(codes[index]), int(rows[index])))

    def _first_seen(self, codes: Integers) -> NDArray[np.intp]:
        before = self._used.copy()
        self._used[codes] = True
        return np.flatnonzero(self._used & ~before)

    def matrix(self) -> WideMatrix:
        """Give the matrix; independent of the order of rows, unless there are clashes."""
        columns = np.flatnonzero(self._used)
        clashes = sorted((int(np.searchsorted(columns, c)), row) for c, row in self._clashes)
        return WideMatrix(columns, self._values[columns], clashes)


def wide_matrix(rows: Integers, codes: Integers, values: Floats, n_rows: int) -> WideMatrix:
    """Put values in their places, all at once; see :class:`WideMatrixBuilder`."""
    builder = WideMatrixBuilder(int(codes.max()) + 1 if codes.size else 0, n_rows)
    builder.add(rows, codes, values)
    return builder.matrix()


def arrow_columns(matrix: WideMatrix) -> list[pa.Array]:
    """Columns of a matrix, NULL where there is no value; all are slices of one array."""
    n_rows = matrix.values.shape[1]
    flat = matrix.values.ravel()
    whole = pa.array(flat, mask=np.isnan(flat))
    return [whole.slice(place * n_rows, n_rows) for place in range(matrix.columns.size)]
