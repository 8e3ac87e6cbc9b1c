"""Genes ranked by their rank correlation with a feature, as it is and with shuffled persons."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from roentgene.analyses.constant import Floats

_AT_ONCE = 50


class GeneRanking:
    """Spearman correlation of a feature with genes.

    Parameters
    ----------
    feature : ndarray, shape (persons,)
        Complete.
    expression : ndarray, shape (persons, genes)
        Complete; no gene is constant.

    Notes
    -----
    Doubled centred ranks are whole numbers, so that their products do not depend on the order of
    summation: the same digits whatever the number of threads.
    """

    def __init__(self, feature: Floats, expression: Floats) -> None:
        from scipy import stats

        n = feature.size
        self._feature = 2 * stats.rankdata(feature) - (n + 1)
        self._genes = 2 * stats.rankdata(expression, axis=0) - (n + 1)
        squares = (self._feature**2).sum() * (self._genes**2).sum(axis=0)
        self._norm = np.sqrt(squares)

    def observed(self) -> Floats:
        """Correlations, shape (genes,)."""
        return np.asarray(self._feature @ self._genes / self._norm)

    def permuted(self, permutations: int, seed: int) -> Iterator[Floats]:
        """Correlations with shuffled persons, in parts of the shape (permutations, genes)."""
        for first in range(0, permutations, _AT_ONCE):
            numbers = range(first, min(first + _AT_ONCE, permutations))
            shuffled = self._feature[
                np.stack([_shuffle(self._feature.size, seed, i) for i in numbers])
            ]
            yield np.asarray(shuffled @ self._genes / self._norm)


def _shuffle(n: int, seed: int, number: int) -> NDArray[np.intp]:
    """Order of n persons; the raw words of a generator are the same in all versions of numpy."""
    return np.argsort(np.random.PCG64([seed, number]).random_raw(n), kind="stable")
