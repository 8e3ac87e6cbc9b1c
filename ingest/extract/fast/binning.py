"""Grey levels of a region, by the exact edges that PyRadiomics would take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray
from radiomics.imageoperations import getBinEdges

from roentgene.ingest.extract.fast import compiled as c


def grey_levels(values: NDArray[Any], settings: Mapping[str, Any]) -> NDArray[np.int32]:
    """Find the bin in which each value lies, counted from 1.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Image values of a region, in the image's own type: PyRadiomics finds its edges in it.
    settings : mapping
        PyRadiomics' settings; ``binCount`` is not covered.

    Returns
    -------
    ndarray of int32, shape (n,)
        As ``numpy.digitize`` gives them.
    """
    extremes = np.array([values.min(), values.max()], dtype=values.dtype)
    edges = np.asarray(getBinEdges(extremes, **settings), dtype=np.float64)
    # every type that comes here lies in double precision, in which comparing changes nothing
    return _digitize(np.ascontiguousarray(values, dtype=np.float64), edges)


@njit(c.Int32s(c.Floats, c.Floats), cache=True, nogil=True)
def _digitize(values: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.int32]:
    found = np.empty(values.size, dtype=np.int32)
    last = edges.size - 1
    width = (edges[last] - edges[0]) / last
    for i in range(values.size):
        value = values[i]
        # a guess by the width, put right by the edges themselves
        bin_ = min(max(int((value - edges[0]) / width), 0), last)
        while bin_ > 0 and value < edges[bin_]:
            bin_ -= 1
        while bin_ < last and value >= edges[bin_ + 1]:
            bin_ += 1
        found[i] = bin_ + 1
    return found
