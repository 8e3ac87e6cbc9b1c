"""Regions of an image measured the quick way: what they share is computed once.

Image types come one after the other, each only in the box around all regions of a frame, so that
memory holds one filtered box at a time.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import SimpleITK as sitk

from roentgene.ingest.block import Block, Box
from roentgene.ingest.extract.engines import AskedRegion, EngineResult
from roentgene.ingest.extract.fast.binning import grey_levels
from roentgene.ingest.extract.fast.features import intensity_features
from roentgene.ingest.extract.fast.filters import Filtered, filtered_images
from roentgene.ingest.extract.fast.frames import Cropping, Frame
from roentgene.ingest.extract.fast.shape import shape_features
from roentgene.ingest.extract.fast.textures import texture_matrices
from roentgene.ingest.extract.resampling import normalised


@dataclass(frozen=True)
class Parameters:
    """What to compute, in PyRadiomics' words; see :mod:`.coverage` for what is covered."""

    image_types: Mapping[str, Mapping[str, Any]]
    feature_classes: tuple[str, ...]
    settings: Mapping[str, Any]
    """All of them, those with their default included."""

    @property
    def intensity_classes(self) -> list[str]:
        """Feature classes that look at grey values."""
        return [name for name in self.feature_classes if name != "shape"]

    @property
    def crops(self) -> bool:
        """Whether each region has an image of its own."""
        wanted = (self.settings["resampledPixelSpacing"], self.settings["interpolator"])
        return None not in wanted or bool(self.settings["preCrop"])


@dataclass
class _Measured:
    """A region on its frame, and what was found of it so far."""

    block: Block
    with_shape: bool
    values: dict[str, float] = field(default_factory=dict)
    levels: dict[str, int] = field(default_factory=dict)
    error: Exception | None = None

    def result(self) -> EngineResult | Exception:
        if self.error is not None:
            return self.error
        values = {name: v if np.isfinite(v) else None for name, v in self.values.items()}
        return EngineResult(values, self.block.n_voxels, self.levels, "fast")


def measure(
    image: sitk.Image, regions: Sequence[AskedRegion], parameters: Parameters
) -> Iterator[EngineResult | Exception]:
    """Measure regions of an image.

    Parameters
    ----------
    image : SimpleITK.Image
        The image as it was read.
    regions : sequence of AskedRegion
        What to measure.
    parameters : Parameters
        What to compute.

    Yields
    ------
    EngineResult or Exception
        For each region in order. Values are PyRadiomics' within 1e-9 of their natural scale.
    """
    whole = normalised(image, parameters.settings)
    with warnings.catch_warnings():
        # formulas divide by what may be zero, and say so; what is not finite is stored as such
        warnings.simplefilter("ignore")
        if parameters.crops:
            cropping = Cropping(whole, parameters.settings)
            for region in regions:
                yield _measure_alone(cropping, region, parameters)
        else:
            measured = [_Measured(region.block, region.with_shape) for region in regions]
            _measure_on(Frame(whole), measured, parameters)
            yield from (one.result() for one in measured)


def _measure_alone(
    cropping: Cropping, region: AskedRegion, parameters: Parameters
) -> EngineResult | Exception:
    try:
        frame, block = cropping.frame(region.block)
    except Exception as error:
        return error
    measured = _Measured(block, region.with_shape)
    _measure_on(frame, [measured], parameters)
    return measured.result()


def _measure_on(frame: Frame, regions: Sequence[_Measured], parameters: Parameters) -> None:
    """Measure regions that share a frame."""
    for one in regions:
        _attempt(one, _measure_shape, frame, parameters)
    sound = [one for one in regions if one.error is None]
    if not sound or not parameters.intensity_classes:
        return
    box = _union([one.block for one in sound])
    try:
        for filtered in filtered_images(frame, parameters.image_types, parameters.settings, box):
            for one in sound:
                _attempt(one, _measure_values, frame, parameters, filtered, box)
    except Exception as error:
        # a filter that fails fails for all of them
        for one in sound:
            one.error = error


def _attempt(one: _Measured, step: Any, *args: Any) -> None:
    """Carry a step out; what goes wrong costs this region alone."""
    if one.error is not None:
        return
    try:
        step(one, *args)
    except Exception as error:
        one.error = error


def _measure_shape(one: _Measured, frame: Frame, parameters: Parameters) -> None:
    _check_region(one.block, parameters.settings)
    if one.with_shape and "shape" in parameters.feature_classes:
        found = shape_features(one.block.voxels, frame.spacing)
        one.values |= {f"original_{name}": value for name, value in found.items()}


def _measure_values(
    one: _Measured, frame: Frame, parameters: Parameters, filtered: Filtered, box: Box
) -> None:
    name, image, settings = filtered
    block = one.block
    values = image[_within(block.box, box)][block.voxels]
    levels = np.zeros(block.voxels.shape, dtype=np.int32)
    levels[block.voxels] = grey_levels(values, settings)
    one.levels[name] = int(levels.max())
    found = intensity_features(
        values, texture_matrices(levels), frame.spacing, settings, parameters.intensity_classes
    )
    one.values |= {f"{name}_{feature}": value for feature, value in found.items()}


def _check_region(block: Block, settings: Mapping[str, Any]) -> None:
    """Refuse what ``radiomics.imageoperations.checkMask`` refuses, in its words."""
    n_dimensions = sum(length > 1 for length in block.voxels.shape)
    n_least = settings.get("minimumROIDimensions", 2)
    if n_dimensions == 0:
        msg = "mask only contains 1 segmented voxel! Cannot extract features for a single voxel."
        raise ValueError(msg)
    if n_dimensions < n_least:
        msg = (
            f"mask has too few dimensions (number of dimensions {n_dimensions}, "
            f"minimum required {n_least})"
        )
        raise ValueError(msg)
    smallest = settings.get("minimumROISize")
    if smallest is not None and block.n_voxels <= smallest:
        msg = f"Size of the ROI is too small (minimum size: {smallest}, ROI size: {block.n_voxels})"
        raise ValueError(msg)


def _union(blocks: Sequence[Block]) -> Box:
    """Box around all regions."""
    boxes = [block.box for block in blocks]
    z, y, x = (
        slice(min(along.start for along in axis), max(along.stop for along in axis))
        for axis in zip(*boxes, strict=True)
    )
    return z, y, x


def _within(box: Box, outer: Box) -> Box:
    z, y, x = (
        slice(along.start - around.start, along.stop - around.start)
        for along, around in zip(box, outer, strict=True)
    )
    return z, y, x
