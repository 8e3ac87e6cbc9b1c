"""Habitats: clusters of the values that voxels of a region have in several sequences.

Fitting and applying are apart, and neither reads a file.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: How the clusters are found, as it is stored with a model.
METHOD = "k-means on z-scores, k-means++ starts, 100 iterations"
_ITERATIONS = 100

Values = NDArray[np.float64]


class UnfittableError(ValueError):
    """Values that cannot be clustered as asked; the message says why."""


@dataclass(frozen=True)
class Clusters:
    """Scaling and centres.

    Parameters
    ----------
    means, deviations : ndarray, shape (n_sequences,)
        By what values are z-scored.
    centroids : ndarray, shape (k, n_sequences)
        Centres in z-scores, by ascending first sequence.
    """

    means: Values
    deviations: Values
    centroids: Values


def fit(values: Values, k: int, seed: int, n_starts: int) -> Clusters:
    """Cluster voxels by their values.

    Lloyd's k-means from k-means++ starts (Arthur & Vassilvitskii, SODA 2007) as
    :func:`scipy.cluster.vq.kmeans2` does it; of several starts that with the smallest sum of
    squared distances is taken. The clusters are numbered by the ascending mean of the first
    sequence, ties by the next, so that the numbers mean the same whatever the start.

    Parameters
    ----------
    values : ndarray, shape (n, n_sequences)
        Values of voxels, all finite.
    k : int
        Number of clusters.
    seed : int
        From which the starts are drawn.
    n_starts : int
        Number of starts.

    Raises
    ------
    UnfittableError
        If there are fewer different voxels than clusters, or a sequence has one value alone.
    """
    from scipy.cluster.vq import ClusterError, kmeans2

    if len(np.unique(values, axis=0)) < k:
        msg = f"{len(values)} voxels have fewer than {k} different values"
        raise UnfittableError(msg)
    means, deviations = values.mean(axis=0), _deviations(values)
    if not deviations.all():
        msg = f"all voxels have one value in sequence {int(np.argmin(deviations)) + 1}"
        raise UnfittableError(msg)
    scaled = (values - means) / deviations
    rng = np.random.default_rng(seed)
    best, smallest = None, np.inf
    for _ in range(n_starts):
        try:
            centroids, label = kmeans2(
                scaled, k, iter=_ITERATIONS, minit="++", missing="raise", rng=rng
            )
        except ClusterError:
            continue  # a cluster lost all its voxels; another start may keep them
        spread = float(((scaled - centroids[label]) ** 2).sum())
        if spread < smallest:
            best, smallest = centroids, spread
    if best is None:
        msg = f"each of {n_starts} starts lost one of {k} clusters"
        raise UnfittableError(msg)
    order = np.lexsort(best.T[::-1])
    return Clusters(means, deviations, best[order])


def assign(values: Values, clusters: Clusters) -> NDArray[np.int64]:
    """Give each voxel the number of its nearest centre, from 1 on; of two as near the lower.

    Parameters
    ----------
    values : ndarray, shape (n, n_sequences)
        Values of voxels, scaled by nobody.
    clusters : Clusters
        What was fitted.

    Returns
    -------
    ndarray of int, shape (n,)
    """
    scaled = (values - clusters.means) / clusters.deviations
    distances = np.stack([((scaled - centre) ** 2).sum(axis=1) for centre in clusters.centroids])
    return np.asarray(distances.argmin(axis=0) + 1)


def normalised(values: Values) -> Values:
    """z-score values within a region; a sequence of one value becomes 0.

    Parameters
    ----------
    values : ndarray, shape (n, n_sequences)
        Values of the region's voxels.
    """
    deviations = _deviations(values)
    scaled = (values - values.mean(axis=0)) / np.where(deviations > 0, deviations, 1.0)
    return np.where(deviations > 0, scaled, 0.0)


def _deviations(values: Values) -> Values:
    """Take the standard deviation of each sequence: exactly 0 where it has one value."""
    # the mean of equal values need not be that value to the last bit
    return np.where(np.ptp(values, axis=0) > 0, values.std(axis=0), 0.0)
