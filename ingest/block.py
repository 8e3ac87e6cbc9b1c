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

    @property
    def box(self) -> Box:
        """Where the block lies in its image."""
        z, y, x = (
            slice(first, first + length)
            for first, length in zip(self.start, self.voxels.shape, strict=True)
        )
        return z, y, x

    def within(self, shape: tuple[int, ...]) -> NDArray[np.bool_]:
        """Put the region back into an image of a shape (z, y, x)."""
        whole = np.zeros(shape, dtype=np.bool_)
        whole[self.box] = self.voxels
        return whole


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
    left = region
    for axis, extra in enumerate(margin):
        # what was found along one axis spares work along the next
        others = tuple(other for other in range(3) if other != axis)
        occupied = np.flatnonzero(left.any(axis=others))
        if not occupied.size:
            return None
        low, high = int(occupied[0]), int(occupied[-1]) + 1
        left = _along(left, axis, low, high)
        slices.append(slice(max(low - extra, 0), min(high + extra, region.shape[axis])))
    z, y, x = slices
    return z, y, x


def _along(region: NDArray[np.bool_], axis: int, low: int, high: int) -> NDArray[np.bool_]:
    index = [slice(None)] * region.ndim
    index[axis] = slice(low, high)
    return region[tuple(index)]


def cut_out(region: NDArray[np.bool_], start: tuple[int, int, int] = (0, 0, 0)) -> Block:
    """Cut a region out along its bounding box.

    Parameters
    ----------
    region : ndarray of bool, shape (z, y, x)
        The region.
    start : tuple of int
        Index (z, y, x) of its first voxel in the image, where it is cut out of that already.
    """
    box = bounding_box(region)
    if box is None:
        return Block((0, 0, 0), np.zeros((0, 0, 0), dtype=np.bool_))
    z, y, x = (first + along.start for first, along in zip(start, box, strict=True))
    return Block((z, y, x), region[box].copy())
