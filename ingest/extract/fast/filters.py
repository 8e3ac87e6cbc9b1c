"""The image types of a frame, each only where regions need it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from radiomics import imageoperations

from roentgene.ingest.block import Box
from roentgene.ingest.extract.fast.frames import Frame
from roentgene.ingest.extract.fast.laplacian import SHORTEST_LINE, laplacian_of_gaussian
from roentgene.ingest.extract.fast.wavelet import wavelet_images

#: Name, values in the box, settings of the image type.
Filtered = tuple[str, NDArray[Any], Mapping[str, Any]]


def filtered_images(
    frame: Frame,
    image_types: Mapping[str, Mapping[str, Any]],
    settings: Mapping[str, Any],
    box: Box,
) -> Iterator[Filtered]:
    """Filter a frame.

    Parameters
    ----------
    frame : Frame
        The image.
    image_types : mapping
        PyRadiomics' image types, each with its own settings.
    settings : mapping
        Settings of all.
    box : tuple of slice
        Where values are wanted.

    Yields
    ------
    name : str
        PyRadiomics' name of the image type.
    ndarray, shape of the box
        Values.
    mapping
        Settings of this image type.
    """
    for image_type, own in image_types.items():
        merged = {**settings, **own}
        if image_type == "Original":
            yield "original", frame.voxels[box], merged
        elif image_type == "LoG":
            yield from _laplacians(frame, merged, box)
        elif image_type == "Wavelet":
            for name, values in wavelet_images(_as_read(frame), merged, box):
                yield name, values, merged
        else:
            make = getattr(imageoperations, f"get{image_type}Image")
            for image, name, _ in make(frame.image, None, **merged):
                # a copy, for the voxels go when the image goes
                yield name, Frame(image).voxels[box].copy(), merged


def _laplacians(frame: Frame, settings: Mapping[str, Any], box: Box) -> Iterator[Filtered]:
    """As ``radiomics.imageoperations.getLoGImage``, which leaves out what is too small."""
    size = np.array(frame.image.GetSize())
    if size.min() < SHORTEST_LINE:
        return
    for sigma in settings.get("sigma", []):
        if np.all(size >= np.ceil(sigma / np.array(frame.spacing)) + 1):
            name = f"log-sigma-{str(sigma).replace('.', '-')}-mm-3D"
            yield name, _laplacian(frame, float(sigma), box), settings


def _laplacian(frame: Frame, sigma: float, box: Box) -> NDArray[Any]:
    if _compiled_laplacian_is_exact():
        return laplacian_of_gaussian(frame.voxels, frame.spacing, sigma, box)
    return _stock_laplacian(frame.image, sigma)[box]


@cache
def _compiled_laplacian_is_exact() -> bool:
    """Ask this machine: where a compiler fuses multiplying and adding, last bits differ."""
    voxels = np.arange(6 * 7 * 8, dtype=np.float32).reshape(6, 7, 8) % 11
    image = sitk.GetImageFromArray(voxels)
    whole = (slice(0, 6), slice(0, 7), slice(0, 8))
    found = laplacian_of_gaussian(voxels, (1.0, 1.0, 1.0), 1.5, whole)
    return np.array_equal(found, _stock_laplacian(image, 1.5))


def _stock_laplacian(image: sitk.Image, sigma: float) -> NDArray[Any]:
    laplacian = sitk.LaplacianRecursiveGaussianImageFilter()
    laplacian.SetNormalizeAcrossScale(True)
    laplacian.SetSigma(sigma)
    voxels: NDArray[Any] = sitk.GetArrayFromImage(laplacian.Execute(image))
    return voxels


def _as_read(frame: Frame) -> NDArray[Any]:
    """Voxels in the image's own type, in which the transform computes."""
    voxels: NDArray[Any] = sitk.GetArrayViewFromImage(frame.image)
    return voxels
