"""Resampling of an image as a whole, once for all of its regions.

PyRadiomics resamples a crop around each region, so that whatever a filter sees beyond the region
depends on the region. A profile of kind ``whole-image`` resamples the image once instead, on a
grid whose corner is the image's corner; filters then see the same image whatever is measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import SimpleITK as sitk
from radiomics.imageoperations import normalizeImage

from roentgene.ingest.block import Block, cut_out
from roentgene.ingest.extract.region_image import region_image

#: Settings that are carried out here; PyRadiomics gets the image without them.
CARRIED_OUT = {"normalize": False, "resampledPixelSpacing": None, "preCrop": False}


def normalised(image: sitk.Image, settings: Mapping[str, Any]) -> sitk.Image:
    """Normalise an image if the settings say so; takes mean and deviation of all its voxels."""
    if not settings.get("normalize"):
        return image
    scaled: sitk.Image = normalizeImage(image, **settings)
    return scaled


def resampled(image: sitk.Image, settings: Mapping[str, Any]) -> sitk.Image:
    """Bring an image as a whole to the spacing that the settings name.

    Parameters
    ----------
    image : SimpleITK.Image
        The image, normalised if that is asked for.
    settings : mapping
        PyRadiomics' settings; ``resampledPixelSpacing`` in millimetres, 0 keeps an axis as it is.

    Returns
    -------
    SimpleITK.Image
        Of ``ceil(size * old / new)`` voxels along each axis, its first voxel beginning where the
        image's first voxel begins. The image itself where the spacing is the image's own.
    """
    wanted = settings["resampledPixelSpacing"]
    if wanted is None or settings["interpolator"] is None:
        return image
    old = np.array(image.GetSpacing())
    new = np.where(np.array(wanted) == 0, old, wanted)
    if np.allclose(old, new):
        return image
    resample = _onto(image, new, np.ceil(np.array(image.GetSize()) * old / new).astype(int))
    resample.SetInterpolator(getattr(sitk, settings["interpolator"]))
    found: sitk.Image = resample.Execute(image)
    return found


def region_on(region: Block, image: sitk.Image, grid: sitk.Image) -> Block:
    """Bring a region to a resampled image's grid: each voxel takes the nearest one's word.

    Parameters
    ----------
    region : Block
        Region on the image's grid.
    image, grid : SimpleITK.Image
        The image before and after.
    """
    if grid.GetSize() == image.GetSize() and grid.GetSpacing() == image.GetSpacing():
        return region
    resample = sitk.ResampleImageFilter()
    resample.SetReferenceImage(grid)
    resample.SetInterpolator(sitk.sitkNearestNeighbor)
    found = resample.Execute(region_image(region, image))
    return cut_out(sitk.GetArrayViewFromImage(found) == 1)


def _onto(image: sitk.Image, spacing: Any, size: Any) -> sitk.ResampleImageFilter:
    """Make a filter onto a grid of another spacing that begins where the image begins."""
    old = np.array(image.GetSpacing())
    first = 0.5 * (spacing - old) / old
    resample = sitk.ResampleImageFilter()
    resample.SetOutputSpacing(spacing.tolist())
    resample.SetOutputDirection(image.GetDirection())
    resample.SetOutputOrigin(image.TransformContinuousIndexToPhysicalPoint(first.tolist()))
    resample.SetSize(size.tolist())
    resample.SetOutputPixelType(image.GetPixelID())
    return resample
