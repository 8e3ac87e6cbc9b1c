"""Columns of a table as a matrix of numbers, and back."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from roentgene.analyses.constant import Floats


def to_matrix(table: pl.DataFrame, columns: Sequence[str]) -> Floats:
    """Columns as doubles of shape (rows, columns); what is missing is NaN."""
    if not columns:
        return np.empty((table.height, 0))
    numbers = pl.col(list(columns)).cast(pl.Float64).fill_null(np.nan)
    return np.ascontiguousarray(table.select(numbers).to_numpy(), dtype=np.float64)


def with_matrix(table: pl.DataFrame, columns: Sequence[str], values: Floats) -> pl.DataFrame:
    """Replace columns of a table; NaN becomes NULL."""
    if not columns:
        return table
    replaced = pl.from_numpy(np.ascontiguousarray(values), schema=list(columns), orient="row")
    return table.with_columns(replaced.with_columns(pl.all().fill_nan(None)).get_columns())


def without_value(values: Floats) -> NDArray[np.bool_]:
    """Which columns of a matrix have no value at all."""
    return np.asarray(~np.isfinite(values).any(axis=0), bool)
