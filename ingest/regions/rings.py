"""Rings around a region, in millimetres: the tissue next to a tumour."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from roentgene.ingest.block import bounding_box

#: A voxel centre this close to a limit lies on it: the distance map is single precision.
TOLERANCE_MM = 1e-4


def ring(
    region: NDArray[np.bool_],
    spacing: tuple[float, float, float],
    inner_mm: float,
    outer_mm: float,
) -> NDArray[np.bool_]:
    """Voxels whose distance to a region is above ``inner_mm`` and not above ``outer_mm``.

    The distance of a voxel is the Euclidean one between its centre and the nearest voxel centre
    of the region (Maurer et al., IEEE TPAMI 25:265, 2003, as in ITK). The region itself never
    belongs to its ring; ``inner_mm = 0`` starts right outside it. The ring ends at the image.

    Parameters
    ----------
    region : ndarray of bool, shape (z, y, x)
        The region.
    spacing : tuple of float
        Voxel size (x, y, z) in millimetres.
    inner_mm, outer_mm : float
        Limits in millimetres, ``0 <= inner_mm < outer_mm``.

    Returns
    -------
    ndarray of bool, shape (z, y, x)
        Empty for an empty region.
    """
    import SimpleITK as sitk

    found = np.zeros(region.shape, dtype=np.bool_)
    # the distance map of a crop is exact as long as the crop holds the whole region
    step_x, step_y, step_z = (math.ceil(outer_mm / step) + 1 for step in spacing)
    box = bounding_box(region, (step_z, step_y, step_x))
    if box is None:
        return found
    image = sitk.GetImageFromArray(region[box].astype(np.uint8))
    image.SetSpacing(spacing)
    distance = sitk.GetArrayFromImage(
        sitk.SignedMaurerDistanceMap(
            image, insideIsPositive=False, squaredDistance=False, useImageSpacing=True
        )
    )
    outside = ~region[box]
    beyond_inner = distance > inner_mm + TOLERANCE_MM if inner_mm > 0 else outside
    found[box] = outside & beyond_inner & (distance <= outer_mm + TOLERANCE_MM)
    return found
