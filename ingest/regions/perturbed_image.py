"""Perturbed images: rotated and shifted together with a region, and with noise added.

The steps follow Zwanenburg et al. 2019, doi 10.1038/s41598-018-36938-4. Everything is done on the
whole image, for what is measured may normalise or filter all of it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from roentgene.ingest.block import Block
from roentgene.ingest.perturbation import Perturbation
from roentgene.ingest.regions.perturbation import (
    PerturbationError,
    Spacing,
    backwards,
    centre_of,
)

#: Order of the splines by which values between voxels are found.
_ORDER = 3
#: Voxels around a region in whose slices the noise of an image is measured.
_NOISE_MARGIN = 16
#: Median of the absolute values of a standard normal variable.
_NORMAL_MEDIAN = 0.6744897501960817

Voxels = NDArray[Any]


def perturbed_image(
    voxels: Voxels, spacing: Spacing, drawn: Block, perturbation: Perturbation, image: str
) -> Voxels:
    """Carry out on an image what a perturbation does to images.

    Parameters
    ----------
    voxels : ndarray, shape (z, y, x)
        The image.
    spacing : tuple of float
        Voxel size (x, y, z) in millimetres.
    drawn : Block
        The region as it was drawn, before the perturbation; with voxels.
    perturbation : Perturbation
        What is done.
    image : str
        Name of the image, so that each of several has noise of its own.

    Returns
    -------
    ndarray, shape (z, y, x)
        Of the image's own type: whole numbers stay whole numbers.

    Raises
    ------
    PerturbationError
        ``perturbation_no_noise`` where the image has no noise that can be measured.
    """
    made = voxels
    if perturbation.noise:
        rng = np.random.default_rng(perturbation.seed_of("noise", image))
        made = with_noise(made, noise_level(voxels, drawn), rng)
    if perturbation.moves:
        made = moved_image(made, spacing, drawn, perturbation)
    return made


def noise_level(voxels: Voxels, region: Block) -> float:
    """Measure the noise of an image near a region: its standard deviation.

    Median of the absolute diagonal details of a one-level wavelet transform (coiflet 1) of the
    region's slices, within 16 voxels around it, divided by 0.6745, as Chang et al. 2000 do it, doi
    10.1109/83.862633, after Donoho and Johnstone 1994, doi 10.1093/biomet/81.3.425. Details that
    are exactly 0, as of background that was set to one value, are left out.

    Parameters
    ----------
    voxels : ndarray, shape (z, y, x)
        The image.
    region : Block
        The region.

    Raises
    ------
    PerturbationError
        ``perturbation_no_noise`` where nothing but equal values is found.
    """
    import pywt

    (z, y, x), (depth, height, width) = region.start, region.voxels.shape
    rows = slice(max(y - _NOISE_MARGIN, 0), y + height + _NOISE_MARGIN)
    columns = slice(max(x - _NOISE_MARGIN, 0), x + width + _NOISE_MARGIN)
    near = voxels[z : z + depth, rows, columns].astype(np.float64)
    _, (_, _, diagonal) = pywt.dwt2(near, "coif1", mode="symmetric", axes=(1, 2))
    # what is left of equal values are sums that miss 0 in the last digits alone
    smallest = 1e-9 * max(float(np.abs(near).max()), 1e-300)
    details = np.abs(diagonal)[np.abs(diagonal) > smallest]
    if not details.size or not np.isfinite(details).all():
        msg = "the image has no noise around it that could be measured"
        raise PerturbationError(msg, "perturbation_no_noise")
    return float(np.median(details)) / _NORMAL_MEDIAN


def with_noise(voxels: Voxels, deviation: float, rng: np.random.Generator) -> Voxels:
    """Add normal noise to an image.

    Parameters
    ----------
    voxels : ndarray, shape (z, y, x)
        The image.
    deviation : float
        Standard deviation of the noise.
    rng : numpy.random.Generator
        Gives the noise.
    """
    noise = rng.standard_normal(voxels.shape)
    noise *= deviation
    noise += voxels
    return _as_before(noise, voxels.dtype)


def moved_image(
    voxels: Voxels, spacing: Spacing, drawn: Block, perturbation: Perturbation
) -> Voxels:
    """Rotate and shift an image about the centre of a region, by cubic splines.

    What comes from beyond the image has the value of its nearest voxel.

    Parameters
    ----------
    voxels, spacing, drawn, perturbation
        As for :func:`perturbed_image`.
    """
    from scipy import ndimage

    matrix, offset = backwards(centre_of(drawn), spacing, perturbation)
    found = ndimage.affine_transform(
        voxels.astype(np.float64), matrix, offset, order=_ORDER, mode="nearest"
    )
    return _as_before(found, voxels.dtype)


def _as_before(values: NDArray[np.float64], kind: np.dtype[Any]) -> Voxels:
    if kind.kind not in "iu":
        return values.astype(kind)
    limits = np.iinfo(kind)
    return np.clip(np.rint(values), limits.min, limits.max).astype(kind)
