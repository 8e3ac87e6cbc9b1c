"""A region as SimpleITK wants it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from roentgene.ingest.block import Block

if TYPE_CHECKING:
    import SimpleITK as sitk


def region_image(region: Block, on: sitk.Image) -> sitk.Image:
    """Make a region an image of label 1 on the grid of another image.

    Parameters
    ----------
    region : Block
        The region.
    on : SimpleITK.Image
        Image out of which it was cut; its grid is copied.
    """
    import SimpleITK as sitk

    voxels = region.within(on.GetSize()[::-1])
    image = sitk.GetImageFromArray(voxels.view(np.uint8))
    image.CopyInformation(on)
    return image
