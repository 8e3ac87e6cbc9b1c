"""Enrichment scores of many rankings at once, from the places of the genes of a set alone.

GSEApy gives the same scores to rounding; a thousand rankings of 20,000 genes would go to it as
20 million Python numbers.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from roentgene.analyses.constant import Floats


class Ranked(NamedTuple):
    """Rankings of genes, highest value first, ties in the order of the columns.

    ``place`` (rankings, genes) is where each gene stands, ``magnitude`` (rankings, genes) what it
    counts.
    """

    place: NDArray[np.intp]
    magnitude: Floats


def ranked(values: Floats, weight: float) -> Ranked:
    """Rank genes, each row of (rankings, genes) by itself."""
    order = np.argsort(-values, axis=1, kind="stable")
    place = np.empty_like(order)
    np.put_along_axis(place, order, np.arange(values.shape[1])[None, :], axis=1)
    return Ranked(place, np.abs(values) ** weight)


def enrichment_score(rankings: Ranked, members: NDArray[np.intp]) -> Floats:
    """Largest deviation from zero of the running sum of one set, for each ranking.

    Parameters
    ----------
    rankings : Ranked
        Rankings of all genes.
    members : ndarray of int, shape (genes of the set,)
        Columns of the genes of the set.

    Returns
    -------
    ndarray, shape (rankings,)
        Between -1 and 1. The sum rises at genes of the set, by what they count, and falls evenly at
        all others: its extremes lie at, or just before, genes of the set.

    References
    ----------
    Subramanian et al. 2005, doi 10.1073/pnas.0506580102.

    Examples
    --------
    >>> rankings = ranked(np.array([[0.9, 0.5, 0.1, -0.4]]), 1.0)
    >>> enrichment_score(rankings, np.array([0, 1])).tolist()
    [1.0]
    """
    n_genes, size = rankings.place.shape[1], members.size
    place = rankings.place[:, members]
    order = np.argsort(place, axis=1)
    place = np.take_along_axis(place, order, axis=1)
    counts = np.take_along_axis(rankings.magnitude[:, members], order, axis=1)
    total = counts.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):
        share = counts / total
    after = np.cumsum(share, axis=1) - (place - np.arange(size)) / (n_genes - size)
    highest, lowest = after.max(axis=1), (after - share).min(axis=1)
    return np.asarray(np.where(np.abs(highest) > np.abs(lowest), highest, lowest))


def leading_edge(rankings: Ranked, members: NDArray[np.intp], score: float) -> NDArray[np.intp]:
    """Genes of a set that make its score: those up to the peak, or from the trough on.

    ``rankings`` holds one ranking; the columns are given in its order.
    """
    place = rankings.place[0, members]
    order = np.argsort(place)
    n_genes, size = rankings.place.shape[1], members.size
    counts = rankings.magnitude[0, members][order]
    share = counts / counts.sum()
    after = np.cumsum(share) - (place[order] - np.arange(size)) / (n_genes - size)
    if score >= 0:
        return members[order][: int(np.argmax(after)) + 1]
    return members[order][int(np.argmin(after - share)) :]
