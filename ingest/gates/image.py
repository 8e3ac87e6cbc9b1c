"""The gate in front of extraction: whether a region can be measured on an image.

PyRadiomics gives finite numbers for NaN voxels, flat regions and single slices without a word;
what it would not say is said here. Each check gives one refusal or None. Those of a mask's values
and of its grid (:mod:`.labels`, :mod:`.geometry`) are asked before, then: extent, voxels, form,
whole image, grey levels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roentgene.ingest.block import Block
from roentgene.ingest.refusal import Refusal
from roentgene.schemas.study import GateThresholds


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


def check_slices(region: Block, thresholds: GateThresholds, place: Place) -> Refusal | None:
    """Warn of a region that is thin along its shortest side (``one_slice``).

    Parameters
    ----------
    region : Block
        A region that is not empty.
    thresholds : GateThresholds
        Limits.
    place : Place
        What is looked at.
    """
    n_slices = min(region.voxels.shape)
    if n_slices >= thresholds.min_slices:
        return None
    thickness = f"{n_slices} slice{'' if n_slices == 1 else 's'}"
    detail = f"{thickness} thick where gates.min_slices is {thresholds.min_slices}"
    return place.refuse("one_slice", detail)


def check_components(
    number: int, largest_share: float, thresholds: GateThresholds, place: Place
) -> Refusal | None:
    """Warn of a region that falls into many pieces (``several_components``).

    Parameters
    ----------
    number : int
        Pieces of the region.
    largest_share : float
        Share of its voxels that the largest has.
    thresholds : GateThresholds
        Limits.
    place : Place
        What is looked at.
    """
    if thresholds.max_components is None or number <= thresholds.max_components:
        return None
    detail = (
        f"{number} components, the largest with {largest_share:.1%} of the voxels, where "
        f"gates.max_components is {thresholds.max_components}"
    )
    return place.refuse("several_components", detail)


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
