"""Rows that stand for all others: what holds of each cell of theirs holds of every cell.

A rule of the gate looks at one cell at a time. Of a column with few different cells, however many
rows it has, the rule holds if it holds of one row for each of them; of a column of numbers within
limits, if it holds of the least and the greatest.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray


def representatives(frame: pa.Table, limited: Collection[str]) -> NDArray[np.int64] | None:
    """Choose the rows of a frame that have between them every cell that matters.

    Parameters
    ----------
    frame : pyarrow.Table
        A column for each rule.
    limited : collection of str
        Columns of numbers of which only the limits are asked.

    Returns
    -------
    ndarray of int64, or None
        Numbers of the rows, in their order; None where a column cannot be represented.
    """
    chosen: set[int] = set()
    for name in frame.column_names:
        if pa.types.is_nested(frame.schema.field(name).type):
            return None
        cells = _codes(frame[name])
        if name in limited and cells.dtype.is_numeric():
            chosen.update(_ends(cells))
        else:
            chosen.update(cells.arg_unique().to_list())
    return np.array(sorted(chosen), dtype=np.int64)


def _codes(cells: pa.ChunkedArray) -> pl.Series:
    """Cells, or of categories their numbers, which are told apart faster."""
    if pa.types.is_dictionary(cells.type):
        cells = cells.unify_dictionaries()
        cells = pa.chunked_array([chunk.indices for chunk in cells.chunks], cells.type.index_type)
    found = pl.from_arrow(cells)
    if not isinstance(found, pl.Series):
        msg = f"a column of {cells.type} cannot be looked at"
        raise TypeError(msg)
    return found


def _ends(cells: pl.Series) -> set[int]:
    """Rows of the least and the greatest number, and of one that is none."""
    found = {cells.arg_min(), cells.arg_max()}
    for none in (cells.is_null(), cells.is_nan() if cells.dtype.is_float() else None):
        if none is not None and none.any():
            found.add(none.arg_max())
    return {place for place in found if place is not None}
