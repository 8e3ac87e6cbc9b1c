"""A region cut out of its image: small enough to keep while other masks are read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Box = tuple[slice, slice, slice]


@dataclass(frozen=True)
class Block:
    """The bounding box of a region.

    Parameters
    ----------
    start : tuple of int
        Index (z, y, x) of the box's first voxel in the image.
    voxels : ndarray of bool, shape (z, y, x)
        The region within the box; no voxels at all for an empty region.
    """

    start: tuple[int, int, int]
    voxels: NDArray[np.bool_]

    @property
    def n_voxels(self) -> int:
        """Number of voxels of the region."""
        return int(np.count_nonzero(self.voxels))


def bounding_box(region: NDArray[np.bool_], margin: tuple[int, int, int] = (0, 0, 0)) -> Box | None:
    """Bounding box of a region, widened by a margin but not beyond the image.

    Parameters
    ----------
    region : ndarray of bool, shape (z, y, x)
        The region.
    margin : tuple of int
        Voxels to add on both sides of each axis (z, y, x).

    Returns
    -------
    tuple of slice or None
        None for an empty region.
    """
    slices = []
    for axis, extra in enumerate(margin):
        others = tuple(other for other in range(3) if other != axis)
        occupied = np.flatnonzero(region.any(axis=others))
        if not occupied.size:
            return None
        low = max(int(occupied[0]) - extra, 0)
        slices.append(slice(low, min(int(occupied[-1]) + 1 + extra, region.shape[axis])))
    z, y, x = slices
    return z, y, x


def cut_out(region: NDArray[np.bool_]) -> Block:
    """Cut a region out along its bounding box."""
    box = bounding_box(region)
    if box is None:
        return Block((0, 0, 0), np.zeros((0, 0, 0), dtype=np.bool_))
    z, y, x = box
    return Block((z.start, y.start, x.start), region[box].copy())
