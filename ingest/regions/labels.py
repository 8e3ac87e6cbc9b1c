"""From the values of a mask to the voxels of a region."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def union(mask: NDArray[Any], labels: tuple[int, ...]) -> NDArray[np.bool_]:
    """Voxels whose mask value belongs to a region.

    Parameters
    ----------
    mask : ndarray, shape (z, y, x)
        Mask values; whole numbers, of any type.
    labels : tuple of int
        Values that belong to the region; empty for every value but 0.

    Returns
    -------
    ndarray of bool, shape (z, y, x)

    Examples
    --------
    >>> union(np.array([[[0, 1, 2, 4]]]), (1, 4)).tolist()
    [[[False, True, False, True]]]
    >>> union(np.array([[[0, 1, 2, 4]]]), ()).tolist()
    [[[False, True, True, True]]]
    """
    if not labels:
        return np.asarray(mask != 0)
    region = mask == labels[0]
    for label in labels[1:]:
        region |= mask == label
    return np.asarray(region)
