"""Whether a mask lies on the grid of its image, and by how much it misses it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from roentgene.ingest.gates.image import Place
from roentgene.ingest.refusal import Refusal

# 30.001 mm is a little more than 0.001 mm from 30 mm
_ROUNDING = 1 + 1e-6


class Grid(Protocol):
    """The facts of a grid; axes in the order x, y, z, lengths in millimetres."""

    @property
    def size(self) -> tuple[int, int, int]:
        """Voxels along each axis."""

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Voxel size."""

    @property
    def origin(self) -> tuple[float, float, float]:
        """Centre of voxel (0, 0, 0)."""

    @property
    def direction(self) -> tuple[float, ...]:
        """3 x 3 direction cosines, row by row."""


@dataclass(frozen=True)
class GeometryDifference:
    """How far two grids differ, all of it 0 where they are one.

    Parameters
    ----------
    size_voxels : int
        Largest difference of the number of voxels along an axis.
    spacing_mm : float
        Largest difference of the voxel size along an axis.
    origin_mm : float
        Distance of the centres of the two first voxels.
    direction : float
        Largest difference of a direction cosine, between 0 and 2.
    corner_mm : float
        Largest distance of a corner voxel of one grid from the same corner of the other.
    """

    size_voxels: int
    spacing_mm: float
    origin_mm: float
    direction: float
    corner_mm: float


def geometry_difference(image: Grid, mask: Grid) -> GeometryDifference:
    """Compare the grids of an image and a mask.

    Parameters
    ----------
    image, mask : Grid
        The two, each with finite numbers.
    """
    return GeometryDifference(
        int(np.abs(np.subtract(mask.size, image.size)).max()),
        float(np.abs(np.subtract(mask.spacing, image.spacing)).max()),
        float(np.linalg.norm(np.subtract(mask.origin, image.origin))),
        float(np.abs(np.subtract(mask.direction, image.direction)).max()),
        float(np.linalg.norm(_corners(mask) - _corners(image), axis=1).max()),
    )


def check_geometry(image: Grid, mask: Grid, tolerance_mm: float, place: Place) -> Refusal | None:
    """Refuse a mask that lies on another grid than its image (``geometry_mismatch``).

    The sizes must be equal, and none of the eight corner voxels of the mask may lie further than
    ``tolerance_mm`` from the same voxel of the image.

    Parameters
    ----------
    image, mask : Grid
        The two.
    tolerance_mm : float
        Largest distance allowed.
    place : Place
        What is looked at.
    """
    difference = geometry_difference(image, mask)
    if difference.size_voxels:
        sizes = ["x".join(str(n) for n in grid.size) for grid in (mask, image)]
        detail = f"the size is {sizes[0]} voxels where the image has {sizes[1]}"
        return place.refuse("geometry_mismatch", detail)
    if difference.corner_mm <= tolerance_mm * _ROUNDING:
        return None
    detail = (
        f"corner voxels lie up to {difference.corner_mm:.6g} mm apart "
        f"({tolerance_mm:g} mm allowed): {'; '.join(_named(difference))}"
    )
    return place.refuse("geometry_mismatch", detail)


def _corners(grid: Grid) -> NDArray[np.float64]:
    """Positions (mm) of the centres of the eight corner voxels, shape (8, 3)."""
    indices = np.array(list(product(*((0, n - 1) for n in grid.size))), dtype=np.float64)
    direction = np.array(grid.direction, dtype=np.float64).reshape(3, 3)
    return np.asarray(np.array(grid.origin) + (indices * np.array(grid.spacing)) @ direction.T)


def _named(difference: GeometryDifference) -> Iterator[str]:
    """Every fact of the grid that differs, and by how much."""
    for name, largest, unit in (
        ("spacing differs by up to", difference.spacing_mm, " mm"),
        ("origin differs by", difference.origin_mm, " mm"),
        ("direction differs by up to", difference.direction, ""),
    ):
        if largest > 0:
            yield f"{name} {largest:.6g}{unit}"
