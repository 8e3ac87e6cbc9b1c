"""Dropping of columns that hardly vary or are hardly ever present."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from roentgene.analyses.constant import Floats, is_constant
from roentgene.analyses.preparation.matrix import to_matrix
from roentgene.analyses.preparation.parameters import ParameterRows, StoredStep
from roentgene.schemas.release_steps import VarianceStep


def fit(training: pl.DataFrame, columns: Sequence[str], step: VarianceStep) -> pl.DataFrame:
    """Say of each column whether its training rows vary enough.

    Notes
    -----
    Near-zero variance as in R's caret: the commonest value is more than ``frequency_ratio`` times
    as frequent as the second, and distinct values are at most ``distinct_share`` of the values.
    """
    values = to_matrix(training, columns)
    rows = ParameterRows()
    rows.kept(columns, [_reason(column, step) for column in values.T])
    return rows.frame()


def _reason(column: Floats, step: VarianceStep) -> str:
    present = column[np.isfinite(column)]
    if present.size == 0:
        return "no_training_value"
    if 1 - present.size / column.size > step.missing_above:
        return "missing"
    if bool(is_constant(present.min(), present.max())):
        return "constant"
    _, counts = np.unique(present, return_counts=True)
    counts.sort()
    ratio, share = counts[-1] / counts[-2], counts.size / present.size
    near = ratio > step.frequency_ratio and share <= step.distinct_share
    return "near_constant" if near else ""


def apply(table: pl.DataFrame, stored: StoredStep) -> pl.DataFrame:
    """Drop what the fit dropped."""
    return table.drop(stored.dropped())
