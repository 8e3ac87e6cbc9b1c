"""Filling of missing values with one number a column, and columns that say where."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from roentgene.analyses.constant import Floats
from roentgene.analyses.preparation.matrix import to_matrix, without_value
from roentgene.analyses.preparation.parameters import ParameterRows, StoredStep
from roentgene.schemas.release_steps import ImputationStep

#: What the name of a column that says where values were filled in ends with.
INDICATOR = "__missing"
_FILL, _INDICATED = "fill", "indicator"


def fit(training: pl.DataFrame, columns: Sequence[str], step: ImputationStep) -> pl.DataFrame:
    """Numbers to fill in, from training rows.

    A column without any value among the training rows is dropped (``no_training_value``), for
    nothing is known of it.
    """
    values = to_matrix(training, columns)
    empty = without_value(values)
    rows = ParameterRows()
    rows.kept(columns, ["no_training_value" if gone else "" for gone in empty])
    rows.of_columns(_FILL, columns, _fill(values, empty, step))
    if step.indicator:
        some = np.asarray(~np.isfinite(values).all(axis=0) & ~empty)
        marked = [column for column, has in zip(columns, some, strict=True) if has]
        rows.of_columns(_INDICATED, marked, np.ones(len(marked)))
    return rows.frame()


def _fill(values: Floats, empty: NDArray[np.bool_], step: ImputationStep) -> Floats:
    fill = np.full(values.shape[1], np.nan)
    if step.value is not None:
        fill[~empty] = step.value
    elif step.method == "mean":
        fill[~empty] = np.nanmean(values[:, ~empty], axis=0)
    else:
        fill[~empty] = np.nanmedian(values[:, ~empty], axis=0)
    return fill


def apply(table: pl.DataFrame, stored: StoredStep) -> pl.DataFrame:
    """Fill in, and add the indicators."""
    columns = stored.columns(_FILL)
    fills = stored.values(_FILL, columns)
    missing = [
        pl.col(column)
        .cast(pl.Float64)
        .fill_nan(None)
        .is_null()
        .cast(pl.Float64)
        .alias(column + INDICATOR)
        for column in stored.columns(_INDICATED)
    ]
    filled = [
        pl.col(column).cast(pl.Float64).fill_nan(None).fill_null(fill)
        for column, fill in zip(columns, fills.tolist(), strict=True)
    ]
    return table.with_columns(missing).with_columns(filled).drop(stored.dropped())
