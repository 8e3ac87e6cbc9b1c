"""The image on which the filters of a region run: the whole of it, or a crop around the region.

Where PyRadiomics resamples or crops, it does so around each region before it filters. Then each
region has a frame of its own; otherwise all regions of an image share one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from roentgene.ingest.block import Block, cut_out
from roentgene.ingest.extract.region_image import region_image


@dataclass(frozen=True)
class Frame:
    """An image with the voxels that filters see.

    Parameters
    ----------
    image : SimpleITK.Image
        The image.
    """

    image: sitk.Image

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Voxel size (x, y, z) in millimetres."""
        x, y, z = self.image.GetSpacing()
        return x, y, z

    @cached_property
    def voxels(self) -> NDArray[Any]:
        """Voxels of shape (z, y, x), read-only; whole numbers as 64 bits (decision 0002)."""
        voxels: NDArray[Any] = sitk.GetArrayViewFromImage(self.image)
        return voxels.astype(np.int64) if voxels.dtype.kind in "iu" else voxels


class Cropping:
    """Frames of regions as PyRadiomics would crop and resample them.

    Parameters
    ----------
    image : SimpleITK.Image
        The image, normalised if that is asked for.
    settings : mapping
        PyRadiomics' settings.
    """

    def __init__(self, image: sitk.Image, settings: Mapping[str, Any]) -> None:
        self._image = image
        self._settings = settings
        self._spacing = np.array(image.GetSpacing())

    def frame(self, region: Block) -> tuple[Frame, Block]:
        """Give the frame of a region, and the region on it.

        Raises
        ------
        ValueError
            If no voxel of the region is left after resampling.
        """
        wanted = self._settings["resampledPixelSpacing"]
        if wanted is None or self._settings["interpolator"] is None:
            return self._cropped(region)
        new = np.where(np.array(wanted) == 0, self._spacing, wanted)
        # PyRadiomics leaves an axis alone along which the region is one voxel thick
        new = np.where(np.array(region.voxels.shape[::-1]) != 1, new, self._spacing)
        if np.allclose(self._spacing, new):
            return self._cropped(region)
        return self._resampled(region, new)

    def _cropped(self, region: Block) -> tuple[Frame, Block]:
        """Crop to the region's box and ``padDistance`` around it."""
        pad = self._settings["padDistance"]
        low = [max(start - pad, 0) for start in region.start]
        high = [
            min(along.stop + pad, length)
            for along, length in zip(region.box, self._image.GetSize()[::-1], strict=True)
        ]
        (z0, y0, x0), (z1, y1, x1) = low, high
        z, y, x = (start - first for start, first in zip(region.start, low, strict=True))
        return Frame(self._image[x0:x1, y0:y1, z0:z1]), Block((z, y, x), region.voxels)

    def _resampled(self, region: Block, spacing: NDArray[np.float64]) -> tuple[Frame, Block]:
        """Resample as ``radiomics.imageoperations.resampleImage``."""
        resample = self._grid(region, spacing)
        resample.SetOutputPixelType(self._image.GetPixelID())
        if self._settings["interpolator"] == "sitkBSpline":
            resample.SetInterpolator(sitk.sitkBSplineResamplerOrder3)
            image = resample.Execute(self._spline_coefficients)
        else:
            resample.SetInterpolator(getattr(sitk, self._settings["interpolator"]))
            image = resample.Execute(self._image)
        resample.SetOutputPixelType(sitk.sitkUInt8)
        resample.SetInterpolator(sitk.sitkNearestNeighbor)
        mask = resample.Execute(region_image(region, self._image))
        found = cut_out(sitk.GetArrayViewFromImage(mask) == 1)
        if not found.n_voxels:
            msg = "Label (1) not present in mask"
            raise ValueError(msg)
        return Frame(image), found

    @cached_property
    def _spline_coefficients(self) -> sitk.Image:
        """Coefficients of the B-spline, which are those of the whole image for every region."""
        doubles = sitk.Cast(self._image, sitk.sitkFloat64)
        coefficients: sitk.Image = sitk.BSplineDecomposition(doubles, 3)
        return coefficients

    def _grid(self, region: Block, spacing: NDArray[np.float64]) -> sitk.ResampleImageFilter:
        pad = self._settings["padDistance"]
        ratio = self._spacing / spacing
        start = np.array(region.start[::-1])
        length = np.array(region.voxels.shape[::-1])
        low = np.maximum(np.floor((start - 0.5) * ratio - pad), 0)
        highest = np.ceil(np.array(self._image.GetSize()) * ratio) - 1
        high = np.minimum(np.ceil((start + length - 0.5) * ratio + pad), highest)
        first = 0.5 * (spacing - self._spacing) / self._spacing + low / ratio
        resample = sitk.ResampleImageFilter()
        resample.SetOutputSpacing(spacing.tolist())
        resample.SetOutputDirection(self._image.GetDirection())
        resample.SetSize((high - low + 1).astype(int).tolist())
        resample.SetOutputOrigin(
            self._image.TransformContinuousIndexToPhysicalPoint(first.tolist())
        )
        return resample
