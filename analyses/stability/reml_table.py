"""Rating rows to variance components, feature by feature, where ratings are missing."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from roentgene.analyses.association.correlation_blocks import one_blas_thread
from roentgene.analyses.constant import Floats, is_constant
from roentgene.analyses.stability.mean_squares import MIN_TARGETS, MeanSquares
from roentgene.analyses.stability.rating_table import STABILITY_KEY, RatedFeatures, sorted_cells
from roentgene.analyses.stability.variance_components import (
    Codes,
    VarianceComponents,
    reml,
)

_KEY = (*STABILITY_KEY, "feature")


class _Feature(NamedTuple):
    """Ratings of one feature."""

    target: Codes
    rater: Codes
    values: Floats
    n_raters: int
    n_targets_of_key: int


def reml_features(cells: pa.Table, *, crossed: bool) -> RatedFeatures:
    """Condense all ratings by restricted maximum likelihood, complete targets or not.

    Parameters
    ----------
    cells : pyarrow.Table
        As for :func:`roentgene.analyses.stability.rating_table.rated_features`.
    crossed : bool
        Whether a rater is the same for all targets, and has an effect of its own.

    Returns
    -------
    RatedFeatures
        The mean squares are those that complete ratings would have with these components: with n
        targets and k raters ``msr = k t + e``, ``msc = n r + e``, ``msw = r + e``, ``mse = e``.

    Raises
    ------
    FileError
        If a rater rated a target twice.
    """
    cells = sorted_cells(cells)
    parts = [_feature(part) for part in _parts(cells)]
    # products of many targets and raters differ in their last digits with the threads of BLAS
    with one_blas_thread():
        rows = [_row(part, crossed=crossed) for part in parts]
    starts = _starts(cells)
    features = cells.select(_KEY).take(pa.array(starts[:-1]))
    n_targets = np.array([np.unique(part.target).size for part in parts])
    counts = {
        "n_raters": np.array([part.n_raters for part in parts]),
        "n_targets": n_targets,
        "n_dropped": np.array([part.n_targets_of_key for part in parts]) - n_targets,
        "n_rater_names": np.array([np.unique(part.rater).size for part in parts]),
    }
    for name, values in counts.items():
        features = features.append_column(name, pa.array(values.astype(np.int64)))
    columns = (np.array(column) for column in zip(*rows, strict=True))
    return RatedFeatures(features, MeanSquares(*columns))


def _starts(cells: pa.Table) -> list[int]:
    """First rows of the features of sorted cells, and the number of rows."""
    changes = np.zeros(cells.num_rows, dtype=bool)
    changes[0] = True
    for name in _KEY:
        codes = pa.chunked_array(cells[name]).combine_chunks().dictionary_encode().indices
        changes[1:] |= np.diff(codes.to_numpy()) != 0
    return [*np.flatnonzero(changes).tolist(), cells.num_rows]


def _parts(cells: pa.Table) -> list[pa.Table]:
    starts = _starts(cells)
    return [cells.slice(start, end - start) for start, end in pairwise(starts)]


def _feature(part: pa.Table) -> _Feature:
    target, rater = (
        np.unique(part[name].to_numpy(zero_copy_only=False), return_inverse=True)[1]
        for name in ("target", "rater")
    )
    return _Feature(
        target,
        rater,
        part["value"].to_numpy(),
        pc.max(part["n_raters"]).as_py(),
        pc.max(part["n_targets_of_key"]).as_py(),
    )


def _row(part: _Feature, *, crossed: bool) -> tuple[float, ...]:
    """Give the numbers of one feature, in the order of the mean squares."""
    n, ratings = np.unique(part.target).size, np.bincount(part.target)
    minimum, maximum = float(part.values.min()), float(part.values.max())
    # without a target that was rated again there is no error to estimate
    k = part.n_raters if ratings.max() > 1 else 1
    constant = is_constant(np.array([minimum]), np.array([maximum]))[0]
    if n < MIN_TARGETS or k < 2 or constant:
        return (n, k, *[np.nan] * 4, minimum, maximum, np.nan)
    found = _components(part, crossed=crossed)
    squares = (
        k * found.target + found.error,
        found.rater + found.error,
        n * found.rater + found.error,
        found.error,
    )
    return (n, k, *squares, minimum, maximum, _square_cv(part, ratings))


def _components(part: _Feature, *, crossed: bool) -> VarianceComponents:
    means = np.bincount(part.target, weights=part.values) / np.bincount(part.target)
    if is_constant(part.values - means[part.target], np.zeros(1)).all():
        return VarianceComponents(float(means.var(ddof=1)), 0.0, 0.0)
    return reml(part.target, part.rater if crossed else None, part.values)


def _square_cv(part: _Feature, ratings: Codes) -> float:
    """Mean squared coefficient of variation within targets, by their degrees of freedom."""
    means = np.bincount(part.target, weights=part.values) / ratings
    within = np.bincount(part.target, weights=np.square(part.values - means[part.target]))
    again = (ratings > 1) & (means != 0)
    if not again.any():
        return float("nan")
    return float((within[again] / np.square(means[again])).sum() / (ratings[again] - 1).sum())
