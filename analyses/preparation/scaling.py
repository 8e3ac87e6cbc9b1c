"""Scaling of columns by location and spread."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from roentgene.analyses.constant import Floats, is_constant
from roentgene.analyses.preparation.matrix import to_matrix, with_matrix, without_value
from roentgene.analyses.preparation.parameters import ParameterRows, StoredStep
from roentgene.schemas.release_steps import ScalingStep

_LOCATION, _SPREAD = "location", "spread"


def fit(training: pl.DataFrame, columns: Sequence[str], step: ScalingStep) -> pl.DataFrame:
    """Location and spread of columns, from training rows.

    A column that is constant in training (or has fewer than two values) keeps its unit: its
    spread is 1 with the text ``constant``. One without any training value is dropped.
    """
    values = to_matrix(training, columns)
    empty = without_value(values)
    rows = ParameterRows()
    rows.kept(columns, ["no_training_value" if gone else "" for gone in empty])
    used = [column for column, gone in zip(columns, empty, strict=True) if not gone]
    location, spread, constant = _location_and_spread(values[:, ~empty], step)
    rows.of_columns(_LOCATION, used, location)
    texts = ["constant" if same else None for same in constant]
    rows.of_columns(_SPREAD, used, np.where(constant, 1.0, spread), texts=texts)
    return rows.frame()


def _location_and_spread(
    values: Floats, step: ScalingStep
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    if values.size == 0:
        return np.empty(0), np.empty(0), np.empty(0, bool)
    smallest, largest = np.nanmin(values, axis=0), np.nanmax(values, axis=0)
    if step.method == "min_max":
        location, spread = smallest, largest - smallest
    elif step.method == "robust":
        low, location, high = np.nanquantile(values, [0.25, 0.5, 0.75], axis=0)
        spread = high - low
    else:
        location = np.nanmean(values, axis=0)
        counts = np.isfinite(values).sum(axis=0)
        squares = np.nansum(np.square(values - location), axis=0)
        spread = np.sqrt(squares / np.maximum(counts - 1, 1))
    # more than half of the values can be one value, and then the quartiles are one too
    constant = is_constant(smallest, largest) | ~(spread > 0)
    return location, spread, constant


def apply(table: pl.DataFrame, stored: StoredStep) -> pl.DataFrame:
    """Subtract the location and divide by the spread."""
    columns = stored.columns(_LOCATION)
    values = to_matrix(table, columns) - stored.values(_LOCATION, columns)
    scaled = values / stored.values(_SPREAD, columns)
    return with_matrix(table, columns, scaled).drop(stored.dropped())
