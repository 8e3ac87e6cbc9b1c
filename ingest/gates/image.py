"""The gate in front of extraction: whether a mask fits its image and a region can be measured.

PyRadiomics gives finite numbers for shifted masks, NaN voxels and flat regions without a word;
what it would not say is said here. Each check gives one refusal or None; the order in which they
are asked is: geometry, labels, extent, voxels, whole image, grey levels.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from roentgene.ingest.block import Block
from roentgene.ingest.refusal import Refusal
from roentgene.schemas.study import GateThresholds


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
class Place:
    """What is looked at, so that a refusal can name it."""

    subject: str
    file_path: str
    content_hash: str

    def refuse(self, reason_code: str, detail: str) -> Refusal:
        """Refuse it at the image gate."""
        return Refusal(
            "image",
            reason_code,
            self.subject,
            detail,
            file_path=self.file_path,
            content_hash=self.content_hash,
        )


def check_geometry(image: Grid, mask: Grid, tolerance_mm: float, place: Place) -> Refusal | None:
    """Refuse a mask that lies on another grid than its image (``geometry_mismatch``).

    The sizes must be equal, and none of the eight corner voxels of the mask may lie further than
    ``tolerance_mm`` from the same voxel of the image.
    """
    if tuple(mask.size) != tuple(image.size):
        sizes = ["x".join(str(n) for n in grid.size) for grid in (mask, image)]
        return place.refuse(
            "geometry_mismatch", f"the size is {sizes[0]} voxels where the image has {sizes[1]}"
        )
    distance = float(np.linalg.norm(_corners(mask) - _corners(image), axis=1).max())
    if distance <= tolerance_mm:
        return None
    detail = (
        f"corner voxels lie up to {distance:.6g} mm apart ({tolerance_mm:g} mm allowed): "
        f"{'; '.join(_differences(image, mask))}"
    )
    return place.refuse("geometry_mismatch", detail)


def check_labels(mask: NDArray[Any], place: Place) -> Refusal | None:
    """Refuse a mask with values that are not whole numbers (``non_integer_labels``)."""
    if mask.dtype.kind in "iub":
        return None
    broken = mask[~(np.isfinite(mask) & (mask == np.rint(mask)))]
    if not broken.size:
        return None
    detail = f"{broken.size} voxels hold values such as {float(broken[0]):.6g}"
    return place.refuse("non_integer_labels", detail)


def check_extent(
    region: Block, image_voxels: int, thresholds: GateThresholds, place: Place
) -> Refusal | None:
    """Refuse a region that is absent, fills the image, or is too small.

    Gives ``label_absent``, ``full_mask`` or ``roi_too_small``. A region that fills its image is
    refused because PyRadiomics 3.0.1 takes it for an empty one.

    Parameters
    ----------
    region : Block
        The region.
    image_voxels : int
        Number of voxels of the image.
    thresholds : GateThresholds
        Limits.
    place : Place
        What is looked at.
    """
    n_voxels = region.n_voxels
    if n_voxels == 0:
        return place.refuse("label_absent", "no voxel of the region")
    if n_voxels == image_voxels:
        return place.refuse("full_mask", f"all {n_voxels} voxels belong to the region")
    if n_voxels < thresholds.min_voxels:
        detail = f"{n_voxels} voxels where gates.min_voxels is {thresholds.min_voxels}"
        return place.refuse("roi_too_small", detail)
    n_long = sum(length > 1 for length in region.voxels.shape)
    if n_long < thresholds.min_dimensions:
        detail = (
            f"longer than one voxel along {n_long} axes where gates.min_dimensions "
            f"is {thresholds.min_dimensions}"
        )
        return place.refuse("roi_too_small", detail)
    return None


def check_voxels(values: NDArray[Any], place: Place) -> Refusal | None:
    """Refuse a region with NaN or infinite voxels, or with one value only.

    Gives ``non_finite_voxels`` or ``flat_region``.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Image values in the region, n at least 1.
    place : Place
        What is looked at.
    """
    n_broken = 0 if values.dtype.kind in "iu" else int(np.count_nonzero(~np.isfinite(values)))
    if n_broken:
        detail = f"{n_broken} of {values.size} voxels are NaN or infinite"
        return place.refuse("non_finite_voxels", detail)
    if values.min() == values.max():
        return place.refuse("flat_region", f"all {values.size} voxels are {float(values[0]):.6g}")
    return None


def check_whole_image(all_finite: bool, place: Place) -> Refusal | None:
    """Refuse an image with NaN or infinite voxels anywhere (``non_finite_voxels``).

    For extractions that normalise, resample or filter: they carry such voxels into the region.
    """
    if all_finite:
        return None
    detail = "voxels outside the region are NaN or infinite, and the profile reads them"
    return place.refuse("non_finite_voxels", detail)


def check_grey_levels(grey_levels: int, thresholds: GateThresholds, place: Place) -> Refusal | None:
    """Refuse too many grey levels, warn of too few.

    Gives ``too_many_grey_levels`` (an error) or ``too_few_grey_levels`` (a warning).
    """
    if grey_levels > thresholds.max_grey_levels:
        detail = f"{grey_levels} levels where gates.max_grey_levels is {thresholds.max_grey_levels}"
        return place.refuse("too_many_grey_levels", detail)
    if grey_levels < thresholds.min_grey_levels:
        detail = f"{grey_levels} levels where gates.min_grey_levels is {thresholds.min_grey_levels}"
        return place.refuse("too_few_grey_levels", detail)
    return None


def _corners(grid: Grid) -> NDArray[np.float64]:
    """Positions (mm) of the centres of the eight corner voxels, shape (8, 3)."""
    indices = np.array(list(product(*((0, n - 1) for n in grid.size))), dtype=np.float64)
    direction = np.array(grid.direction, dtype=np.float64).reshape(3, 3)
    return np.asarray(np.array(grid.origin) + (indices * np.array(grid.spacing)) @ direction.T)


def _differences(image: Grid, mask: Grid) -> list[str]:
    """Every fact of the grid that differs, and by how much."""
    named = (
        ("spacing", image.spacing, mask.spacing, " mm"),
        ("origin", image.origin, mask.origin, " mm"),
        ("direction", image.direction, mask.direction, ""),
    )
    found = []
    for name, of_image, of_mask, unit in named:
        largest = float(np.abs(np.subtract(of_mask, of_image)).max())
        if largest > 0:
            found.append(f"{name} differs by up to {largest:.6g}{unit}")
    return found
