"""How far two masks of one region agree: Dice, HD95 and the difference of volume."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from roentgene.ingest.block import Block

Status = Literal["ok", "both_empty", "one_empty"]


@dataclass(frozen=True)
class Overlap:
    """Agreement of two masks A and B.

    Parameters
    ----------
    dice : float or None
        ``2 |A and B| / (|A| + |B|)``; None where both are empty.
    hd95_mm : float or None
        95th percentile of the surface distances in millimetres; None where one is empty.
    volume_difference_mm3 : float
        Volume of A minus volume of B.
    status : {'ok', 'both_empty', 'one_empty'}
        Why a value is None.
    """

    dice: float | None
    hd95_mm: float | None
    volume_difference_mm3: float
    status: Status


def compare(a: Block, b: Block, spacing: tuple[float, float, float]) -> Overlap:
    """Compare two masks of one region on one grid.

    Parameters
    ----------
    a, b : Block
        The masks.
    spacing : tuple of float
        Voxel size (x, y, z) in millimetres.

    Returns
    -------
    Overlap
    """
    n_a, n_b = a.n_voxels, b.n_voxels
    difference = (n_a - n_b) * math.prod(spacing)
    if n_a == 0 and n_b == 0:
        return Overlap(None, None, difference, "both_empty")
    dice = 2 * _n_shared(a, b) / (n_a + n_b)
    if n_a == 0 or n_b == 0:
        return Overlap(dice, None, difference, "one_empty")
    return Overlap(dice, hd95(a, b, spacing), difference, "ok")


def hd95(a: Block, b: Block, spacing: tuple[float, float, float]) -> float:
    """95th percentile of the symmetric surface distances, in millimetres.

    The surface of a mask are its voxels with at least one of the six neighbours outside it; what
    lies beyond the image is outside. The distances from each surface voxel of A to the nearest
    one of B, and from B to A, are pooled, and their 95th percentile is taken (linear
    interpolation). This is ``medpy.metric.binary.hd95`` with its default connectivity; MONAI's
    ``HausdorffDistanceMetric(percentile=95)`` takes the larger of the two one-sided percentiles
    instead, so its numbers may be larger.

    Parameters
    ----------
    a, b : Block
        Masks that are not empty.
    spacing : tuple of float
        Voxel size (x, y, z) in millimetres.
    """
    from scipy.spatial import KDTree

    surface_a, surface_b = _surface_mm(a, spacing), _surface_mm(b, spacing)
    a_to_b, _ = KDTree(surface_b).query(surface_a)
    b_to_a, _ = KDTree(surface_a).query(surface_b)
    return float(np.percentile(np.concatenate([a_to_b, b_to_a]), 95))


def _n_shared(a: Block, b: Block) -> int:
    starts = [max(i, j) for i, j in zip(a.start, b.start, strict=True)]
    stops = [min(i, j) for i, j in zip(_stop(a), _stop(b), strict=True)]
    if any(stop <= start for start, stop in zip(starts, stops, strict=True)):
        return 0
    return int(np.count_nonzero(_part(a, starts, stops) & _part(b, starts, stops)))


def _stop(block: Block) -> tuple[int, ...]:
    return tuple(i + n for i, n in zip(block.start, block.voxels.shape, strict=True))


def _part(block: Block, starts: list[int], stops: list[int]) -> NDArray[np.bool_]:
    box = tuple(
        slice(start - first, stop - first)
        for start, stop, first in zip(starts, stops, block.start, strict=True)
    )
    return block.voxels[box]


def _surface_mm(block: Block, spacing: tuple[float, float, float]) -> NDArray[np.float64]:
    """Positions (z, y, x) of the surface voxels, relative to voxel (0, 0, 0) of the image."""
    padded = np.pad(block.voxels, 1)
    inner = padded.copy()
    for axis in range(3):
        # the padding keeps what roll brings round from the other side outside
        inner &= np.roll(padded, 1, axis) & np.roll(padded, -1, axis)
    indices = np.argwhere(padded & ~inner) - 1 + np.array(block.start)
    return np.asarray(indices * np.array(spacing[::-1]), dtype=np.float64)
