"""A region brought to a network: a crop of declared size, spacing and scale around it.

The crop's middle is the middle of the region's bounding box. Along an axis on which the crop is
one voxel thick, it is the slice with the most voxels of the region instead, the first of equals.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from roentgene.ingest.block import Block
from roentgene.ingest.extract.engines.onnx_settings import OnnxSettings
from roentgene.ingest.extract.region_image import region_image

if TYPE_CHECKING:
    import SimpleITK as sitk

Voxels = NDArray[np.float32]


@dataclass(frozen=True)
class Crop:
    """A crop, shape (z, y, x).

    Parameters
    ----------
    voxels : ndarray of float32
        Scaled intensities, with the padding where the image ends.
    region : ndarray of bool
        The region.
    """

    voxels: Voxels
    region: NDArray[np.bool_]


def crop(image: sitk.Image, block: Block, asked: OnnxSettings) -> Crop:
    """Cut a region out of its image.

    Parameters
    ----------
    image : SimpleITK.Image
        The image.
    block : Block
        The region.
    asked : OnnxSettings
        Size, spacing and scale of the crop.

    Raises
    ------
    ValueError
        If the region is larger than the crop and may not be cut, or nothing of it is left, or
        its intensities cannot be scaled for being all the same.
    """
    import SimpleITK as sitk

    grid = _grid(image, block, asked)
    mask = region_image(block, image)
    inside = sitk.Resample(mask, grid, sitk.Transform(), sitk.sitkNearestNeighbor, 0)
    region = sitk.GetArrayFromImage(inside) == 1
    if not region.any():
        msg = "no voxel of the region is left on the network's grid"
        raise ValueError(msg)
    if asked.larger_region == "refuse":
        _refuse_larger(image, block, grid)
    # voxels beyond the image are marked by NaN, which no voxel within it is
    outside = float("nan")
    found = sitk.Resample(
        sitk.Cast(image, sitk.sitkFloat64),
        grid,
        sitk.Transform(),
        _INTERPOLATORS[asked.interpolator],
        outside,
    )
    voxels = _scaled(sitk.GetArrayFromImage(found), region, image, asked)
    beside = ~region if asked.mask == "cut_out" else np.zeros_like(region)
    voxels = np.where(np.isnan(voxels) | beside, asked.padding, voxels)
    return Crop(voxels.astype(np.float32), region)


def as_input(cut: Crop, asked: OnnxSettings) -> Voxels:
    """Arrange a crop as the network's input.

    Returns
    -------
    ndarray of float32
        Axes as ``layout`` says, with one case.
    """
    channels = [cut.voxels] * asked.channels
    if asked.mask == "second_channel":
        channels.append(cut.region.astype(np.float32))
    stacked = np.stack(channels)  # channel, z, y, x
    if asked.layout in ("NCHW", "NHWC"):
        stacked = stacked[:, 0]
    if asked.layout.endswith("C"):
        stacked = np.moveaxis(stacked, 0, -1)
    return np.ascontiguousarray(stacked[np.newaxis])


def pooled(output: NDArray[Any], asked: OnnxSettings) -> NDArray[np.float64]:
    """Make one vector of an output.

    Parameters
    ----------
    output : ndarray, shape (1, c), (1, c, …) or, with a layout that ends in C, (1, …, c)
        Output for one case.
    asked : OnnxSettings
        Says how axes of space are pooled.

    Returns
    -------
    ndarray, shape (c,)
        One number a channel.
    """
    values = np.asarray(output, dtype=np.float64)
    if values.ndim < 2:
        return values.reshape(-1)
    if values.shape[0] != 1:
        msg = f"the network gives {values.shape[0]} cases for one"
        raise ValueError(msg)
    channel = -1 if asked.layout.endswith("C") else 0
    by_channel = np.moveaxis(values[0], channel, 0).reshape(values[0].shape[channel], -1)
    pooling = np.max if asked.pooling == "max" else np.mean
    return np.asarray(pooling(by_channel, axis=1))


#: SimpleITK's numbers (``sitkNearestNeighbor`` and so on) by our words.
_INTERPOLATORS = {"nearest": 1, "linear": 2, "bspline": 3}


def _grid(image: sitk.Image, block: Block, asked: OnnxSettings) -> sitk.Image:
    """Empty image of the crop's size and spacing around the region's middle.

    With the image's own spacing its voxels lie on those of the image, so nothing is interpolated.
    """
    import SimpleITK as sitk

    spacing = asked.spacing or image.GetSpacing()
    corner = []
    for axis in range(3):
        # continuous index of the middle, and of the crop's first voxel
        middle = _middle(block, axis, thin=asked.size[axis] == 1)
        step = spacing[axis] / image.GetSpacing()[axis]
        first = middle - step * (asked.size[axis] - 1) / 2
        corner.append(first if asked.spacing else float(np.floor(first + 0.5)))
    grid = sitk.Image(asked.size, sitk.sitkUInt8)
    grid.SetSpacing(spacing)
    grid.SetDirection(image.GetDirection())
    grid.SetOrigin(image.TransformContinuousIndexToPhysicalPoint(corner))
    return grid


def _middle(block: Block, axis: int, *, thin: bool) -> float:
    along = 2 - axis  # arrays have z first
    length, start = block.voxels.shape[along], block.start[along]
    if not thin:
        return float(start + (length - 1) / 2)
    counts = block.voxels.sum(axis=tuple(other for other in range(3) if other != along))
    return float(start + counts.argmax())


def _refuse_larger(image: sitk.Image, block: Block, grid: sitk.Image) -> None:
    for axis, name in enumerate("xyz"):
        length = block.voxels.shape[2 - axis] * image.GetSpacing()[axis]
        room = grid.GetSize()[axis] * grid.GetSpacing()[axis]
        if grid.GetSize()[axis] > 1 and length > room * (1 + 1e-6):
            msg = f"the region is {length:g} mm long along {name}, and the crop {room:g} mm"
            raise ValueError(msg)


def _scaled(
    voxels: NDArray[np.float64],
    region: NDArray[np.bool_],
    image: sitk.Image,
    asked: OnnxSettings,
) -> NDArray[np.float64]:
    """Scale intensities: to a window, or to mean 0 and deviation 1 of the image or the region."""
    if asked.window is not None:
        low, high = asked.window
        return np.clip((voxels - low) / (high - low), 0.0, 1.0)
    if asked.intensity == "none":
        return voxels
    import SimpleITK as sitk

    over = (
        sitk.GetArrayViewFromImage(image) if asked.intensity == "zscore_image" else voxels[region]
    )
    deviation = float(np.nanstd(over, dtype=np.float64))
    if not deviation > 0:
        msg = "intensities that are all the same cannot be scaled to a deviation of 1"
        raise ValueError(msg)
    return (voxels - float(np.nanmean(over, dtype=np.float64))) / deviation
