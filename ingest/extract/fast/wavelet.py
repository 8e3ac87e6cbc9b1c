"""Stationary wavelet transform in a box of an image, to the last bit PyRadiomics' own.

The transform at a voxel sees no further than its filter is long, so that a crop around the box
gives the same values as the whole image, at a fraction of the memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pywt
from numpy.typing import NDArray

from roentgene.ingest.block import Box

_AXES = (2, 1, 0)  # PyRadiomics names x first


def wavelet_images(
    voxels: NDArray[Any], settings: Mapping[str, Any], box: Box
) -> Iterator[tuple[str, NDArray[Any]]]:
    """Give the decompositions of an image in a box.

    Parameters
    ----------
    voxels : ndarray, shape (z, y, x)
        The whole image.
    settings : mapping
        PyRadiomics' settings ``wavelet``, ``level`` and ``start_level``.
    box : tuple of slice
        Where the values are wanted.

    Yields
    ------
    name : str
        PyRadiomics' name of the image type.
    ndarray, shape of the box
        Values as ``radiomics.imageoperations.getWaveletImage`` gives them.
    """
    wavelet = pywt.Wavelet(settings.get("wavelet", "coif1"))
    n_levels, n_before = settings.get("level", 1), settings.get("start_level", 0)
    margin = wavelet.dec_len * (n_before + n_levels)
    crops = [_crop(along, length, margin) for along, length in zip(box, voxels.shape, strict=True)]
    data = voxels[np.ix_(*(indices for indices, _ in crops))]
    inner = tuple(
        slice(first, first + along.stop - along.start)
        for (_, first), along in zip(crops, box, strict=True)
    )
    for _ in range(n_before):
        data = _decompose(data, wavelet)["aaa"]
    for level in range(1, n_levels + 1):
        parts = _decompose(data, wavelet)
        data = parts.pop("aaa")
        prefix = "wavelet" if level == 1 else f"wavelet{level}"
        for name, part in parts.items():
            yield f"{prefix}-{name.replace('a', 'L').replace('d', 'H')}", part[inner]
    prefix = "wavelet" if n_levels == 1 else f"wavelet{n_levels}"
    yield f"{prefix}-LLL", data[inner]


def _decompose(data: NDArray[Any], wavelet: pywt.Wavelet) -> dict[str, NDArray[Any]]:
    (parts,) = pywt.swtn(data, wavelet, level=1, start_level=0, axes=_AXES)
    return dict(parts)


def _crop(wanted: slice, length: int, margin: int) -> tuple[NDArray[np.int64], int]:
    """Choose the indices of an even crop along one axis; say where the wanted part begins in it.

    The whole axis is taken where the border is near, for there the transform goes round and adds
    in another order. PyRadiomics makes odd axes even by repeating their first voxel at the end.
    """
    low, high = wanted.start - margin, wanted.stop + margin
    low -= (high - low) % 2
    if low >= 0 and high <= length:
        return np.arange(low, high), wanted.start - low
    whole = np.arange(length + length % 2)
    whole[length:] = 0
    return whole, wanted.start
