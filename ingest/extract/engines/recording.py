"""Stock PyRadiomics that also says how many voxels and grey levels it worked on.

Imports PyRadiomics, and is therefore itself imported only where features are extracted.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from typing import Any

import numpy as np
import radiomics
import SimpleITK as sitk
from radiomics.featureextractor import (
    RadiomicsFeatureExtractor,
)
from radiomics.imageoperations import binImage

_SILENT = logging.CRITICAL + 10


class RecordingExtractor(RadiomicsFeatureExtractor):  # type: ignore[misc]
    """The stock extractor; it hands the values on unchanged and takes notes.

    One thing is put right on the way: voxels that are whole numbers are widened to 64 bits before
    they are binned. PyRadiomics 3.0.1 finds its bin edges in the image's own type, and under
    numpy 2 (NEP 50) ``maximum + 2 * binWidth`` overflows there: of an 8-bit image with voxels
    above 205, 77 of 107 features would be wrong without a word. Where nothing overflows, the
    values are the same to the last bit.

    Attributes
    ----------
    voxel_count : int
        Voxels of the last region, after resampling and resegmentation.
    grey_levels : dict of str to int
        Its grey levels, by image type.
    """

    def __init__(self, parameters: dict[str, Any]) -> None:
        radiomics.setVerbosity(_SILENT)
        super().__init__(parameters)
        self.voxel_count = 0
        self.grey_levels: dict[str, int] = {}

    def execute(self, *args: Any, **kwargs: Any) -> OrderedDict[str, Any]:
        """Measure a region, forgetting the last one."""
        self.voxel_count, self.grey_levels = 0, {}
        found: OrderedDict[str, Any] = super().execute(*args, **kwargs)
        return found

    def computeShape(
        self,
        image: sitk.Image,
        mask: sitk.Image,
        boundingBox: Any,
        **kwargs: Any,
    ) -> OrderedDict[str, Any]:
        """Note the voxels, which also counts where no image type can be computed."""
        self.voxel_count = int(np.count_nonzero(_region(mask, kwargs)))
        found: OrderedDict[str, Any] = super().computeShape(image, mask, boundingBox, **kwargs)
        return found

    def computeFeatures(
        self,
        image: sitk.Image,
        mask: sitk.Image,
        imageTypeName: str,
        **kwargs: Any,
    ) -> OrderedDict[str, Any]:
        """Widen whole numbers, and note voxels and grey levels of the region."""
        region = _region(mask, kwargs)
        if "integer" in image.GetPixelIDTypeAsString():
            image = sitk.Cast(image, sitk.sitkInt64)
        self.voxel_count = int(np.count_nonzero(region))
        if any(not name.startswith("shape") for name in self.enabledFeatures):
            self.grey_levels[imageTypeName] = _levels(
                sitk.GetArrayViewFromImage(image)[region], kwargs
            )
        found: OrderedDict[str, Any] = super().computeFeatures(image, mask, imageTypeName, **kwargs)
        return found


def _region(mask: sitk.Image, settings: dict[str, Any]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    return np.asarray(sitk.GetArrayFromImage(mask) == settings.get("label", 1))


def _levels(values: np.ndarray[Any, Any], settings: dict[str, Any]) -> int:
    # the edges depend on the extremes alone, and the highest level is that of the maximum
    extremes = np.array([values.min(), values.max()])
    binned, _ = binImage(extremes, np.ones(2, dtype=bool), **settings)
    return int(binned.max())
