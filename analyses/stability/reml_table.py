"""Rating rows to variance components where ratings are missing, the features of a key at once."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from roentgene.analyses.association.correlation_blocks import one_blas_thread
from roentgene.analyses.constant import Floats, is_constant
from roentgene.analyses.stability.mean_squares import MIN_TARGETS, MeanSquares
from roentgene.analyses.stability.rating_table import (
    STABILITY_KEY,
    RatedFeatures,
    codes,
    sorted_cells,
)
from roentgene.analyses.stability.variance_components import VarianceComponents, reml

_KEY = (*STABILITY_KEY, "feature")


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
    keys = [cells.slice(a, b - a) for a, b in pairwise(_starts(cells, STABILITY_KEY))]
    # products of many targets and raters differ in their last digits with the threads of BLAS
    with one_blas_thread():
        parts = [_of_key(key, crossed=crossed) for key in keys]
    return RatedFeatures(
        pa.concat_tables([part.features for part in parts]),
        MeanSquares(*(np.concatenate(c) for c in zip(*(p.squares for p in parts), strict=True))),
    )


def _starts(cells: pa.Table, names: tuple[str, ...]) -> list[int]:
    """First rows of what sorted cells have in these columns, and the number of rows."""
    changes = np.zeros(cells.num_rows, dtype=bool)
    changes[0] = True
    for name in names:
        changes[1:] |= np.diff(codes(cells[name]).to_numpy()) != 0
    return [*np.flatnonzero(changes).tolist(), cells.num_rows]


def _of_key(cells: pa.Table, *, crossed: bool) -> RatedFeatures:
    starts = np.array(_starts(cells, ("feature",)))
    feature = np.repeat(np.arange(starts.size - 1), np.diff(starts))
    target, rater = (codes(cells[name]).to_numpy().astype(np.intp) for name in ("target", "rater"))
    place = rater if crossed else _place_in_target(feature, target)
    ratings = np.full((starts.size - 1, target.max() + 1, place.max() + 1), np.nan)
    ratings[feature, target, place] = cells["value"].to_numpy()
    features = cells.select([*_KEY, "n_raters", "n_targets_of_key"]).take(pa.array(starts[:-1]))
    n_targets = (~np.isnan(ratings)).any(axis=2).sum(axis=1)
    names = np.zeros((starts.size - 1, rater.max() + 1), dtype=bool)
    names[feature, rater] = True
    n_raters, of_key = (features[c].to_numpy() for c in ("n_raters", "n_targets_of_key"))
    counts = {
        "n_raters": n_raters,
        "n_targets": n_targets,
        "n_dropped": of_key - n_targets,
        "n_rater_names": names.sum(axis=1),
    }
    features = features.select(_KEY)
    for name, numbers in counts.items():
        features = features.append_column(name, pa.array(numbers.astype(np.int64)))
    return RatedFeatures(features, _squares(ratings, n_targets, n_raters, crossed=crossed))


def _place_in_target(feature: NDArray[np.intp], target: NDArray[np.intp]) -> NDArray[np.intp]:
    """Which rating of its target each is: cells stand in the order of feature and target."""
    number = np.arange(feature.size)
    first = np.ones(feature.size, dtype=bool)
    first[1:] = (np.diff(feature) != 0) | (np.diff(target) != 0)
    return number - np.maximum.accumulate(np.where(first, number, 0))


def _squares(
    ratings: Floats, n: NDArray[np.int64], n_raters: NDArray[np.int64], *, crossed: bool
) -> MeanSquares:
    """Mean squares of features; NaN where there are too few ratings, or all are one value."""
    known = ~np.isnan(ratings)
    of_target = known.sum(axis=2)
    low = ratings.min(axis=(1, 2), where=known, initial=np.inf)
    high = ratings.max(axis=(1, 2), where=known, initial=-np.inf)
    # without a target that was rated again there is no error to estimate
    k = np.where(of_target.max(axis=1) > 1, n_raters, 1)
    usable = np.flatnonzero((n >= MIN_TARGETS) & (k >= 2) & ~is_constant(low, high))
    found = np.full((4, n.size), np.nan)
    target, rater, error = _components(ratings[usable], crossed=crossed)
    found[:, usable] = k[usable] * target + error, rater + error, n[usable] * rater + error, error
    square_cv = np.full(n.size, np.nan)
    square_cv[usable] = _square_cv(ratings[usable])
    msr, msw, msc, mse = found
    return MeanSquares(n, k, msr, msw, msc, mse, low, high, square_cv)


def _components(ratings: Floats, *, crossed: bool) -> VarianceComponents:
    """Variances; where each target has one value, those of the targets alone."""
    known = ~np.isnan(ratings)
    low = ratings.min(axis=2, where=known, initial=np.inf)
    high = ratings.max(axis=2, where=known, initial=-np.inf)
    rated: NDArray[np.bool_] = np.asarray(known.any(axis=2))
    low, high = np.where(rated, low, 0.0), np.where(rated, high, 0.0)
    exact: NDArray[np.bool_] = np.asarray(is_constant(low, high).all(axis=1))
    found = np.zeros((3, exact.size))
    found[:, ~exact] = reml(ratings[~exact], crossed=crossed)
    n = rated[exact].sum(axis=1)
    mean = low[exact].sum(axis=1) / n
    deviation = np.where(rated[exact], low[exact] - mean[:, None], 0.0)
    found[0, exact] = np.square(deviation).sum(axis=1) / (n - 1)
    return VarianceComponents(*found)


def _square_cv(ratings: Floats) -> Floats:
    """Mean squared coefficient of variation within targets, by their degrees of freedom."""
    known = ~np.isnan(ratings)
    n = known.sum(axis=2)
    mean = np.where(known, ratings, 0.0).sum(axis=2) / np.maximum(n, 1)
    deviation = np.where(known, ratings - mean[:, :, None], 0.0)
    within = np.square(deviation).sum(axis=2)
    again = (n > 1) & (mean != 0)
    share = np.divide(within, np.square(mean), out=np.zeros(mean.shape), where=again)
    degrees = np.where(again, n - 1, 0).sum(axis=1)
    found = np.full(degrees.size, np.nan)
    np.divide(share.sum(axis=1), degrees, out=found, where=degrees > 0)
    return found
