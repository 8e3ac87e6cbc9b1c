"""All five texture matrices of a region in one compiled pass.

The matrices are those of PyRadiomics' C code (``cmatrices.c``) for distance 1 in three dimensions,
counts without rounding; grey levels that the region does not hold, zone sizes and angles that do
not occur are left out as PyRadiomics leaves them out before it computes features.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from roentgene.ingest.extract.fast import compiled as c

Floats = NDArray[np.float64]

#: Half of the 26 neighbours (z, y, x); the others are opposite. Order as in PyRadiomics.
ANGLES = (
    *((1, y, x) for y in (1, 0, -1) for x in (1, 0, -1)),
    *((0, 1, x) for x in (1, 0, -1)),
    (0, 0, 1),
)


@dataclass(frozen=True)
class TextureMatrices:
    """Counts of a region; the leading axis of length 1 is PyRadiomics' own.

    Parameters
    ----------
    grey_levels : ndarray of int, shape (g,)
        Grey levels that occur, ascending.
    level_counts : ndarray of int, shape (g,)
        Voxels of each.
    glcm : ndarray, shape (1, g, g, angles)
        Neighbours in one direction, not yet symmetrical.
    glrlm : ndarray, shape (1, g, longest run, angles)
        Runs.
    glszm : ndarray, shape (1, g, zone sizes)
        Zones of the sizes that occur.
    zone_sizes : ndarray, shape (zone sizes,)
        Those sizes in voxels, ascending.
    gldm : ndarray, shape (1, g, 27)
        Voxels by the number of equal neighbours, themselves included.
    ngtdm : ndarray, shape (1, g, 3)
        Voxels, sum of differences from the mean of neighbours, grey level.
    """

    grey_levels: NDArray[np.int64]
    level_counts: NDArray[np.int64]
    glcm: Floats
    glrlm: Floats
    glszm: Floats
    zone_sizes: Floats
    gldm: Floats
    ngtdm: Floats


def texture_matrices(levels: NDArray[np.int32]) -> TextureMatrices:
    """Count neighbours, runs, zones and dependences of a region.

    Parameters
    ----------
    levels : ndarray of int32, shape (z, y, x)
        Grey level from 1 in the region, 0 outside; tight around the region.
    """
    counts = np.bincount(levels.ravel())
    counts[0] = 0
    grey_levels = np.flatnonzero(counts)
    place = np.zeros(counts.size, dtype=np.int32)
    place[grey_levels] = np.arange(grey_levels.size)
    # a border of 0 spares the question whether a neighbour lies in the image
    padded = np.pad(levels, 1)
    moving = [angle for angle in ANGLES if _fits(angle, levels.shape)]
    _, height, width = padded.shape
    steps = np.array([(z * height + y) * width + x for z, y, x in moving], dtype=np.int64)
    flat = padded.ravel()
    n_levels, longest = grey_levels.size, max(levels.shape)
    glcm = np.zeros((n_levels, n_levels, len(moving)))
    glrlm = np.zeros((n_levels, longest, len(moving)))
    gldm = np.zeros((n_levels, 2 * len(ANGLES) + 1))
    ngtdm = np.zeros((n_levels, 3))
    ngtdm[:, 2] = grey_levels
    voxels = np.flatnonzero(flat)
    _count_neighbours(flat, voxels, steps, place, glcm, glrlm, gldm, ngtdm)
    _drop_flat_angles(padded, voxels, moving, glrlm)
    zone_levels, zone_voxels = _zones(flat.copy(), voxels, steps)
    zone_sizes, size_place = np.unique(zone_voxels, return_inverse=True)
    glszm = np.zeros((n_levels, zone_sizes.size))
    np.add.at(glszm, (place[zone_levels], size_place), 1.0)
    return TextureMatrices(
        grey_levels,
        counts[grey_levels],
        glcm[None],
        glrlm[None],
        glszm[None],
        zone_sizes.astype(np.float64),
        gldm[None],
        ngtdm[None],
    )


def _fits(angle: tuple[int, int, int], shape: tuple[int, ...]) -> bool:
    """Whether a step leads from one voxel of the box to another."""
    return all(step == 0 or length > 1 for step, length in zip(angle, shape, strict=True))


def _drop_flat_angles(
    padded: NDArray[np.int32],
    voxels: NDArray[np.int64],
    moving: list[tuple[int, int, int]],
    glrlm: Floats,
) -> None:
    """Forget the runs of an angle along which no line holds two voxels, as PyRadiomics does.

    With the gaps of a region in between, two voxels of a line need not be neighbours.
    """
    for number, angle in enumerate(moving):
        if not glrlm[:, 1:, number].any():
            index = np.array(np.unravel_index(voxels, padded.shape))
            main = next(axis for axis in range(3) if angle[axis])
            # voxels of one line have the same foot where the line meets index 0 of an axis
            feet = index - index[main] * angle[main] * np.array(angle)[:, None]
            if np.unique(feet, axis=1).shape[1] == voxels.size:
                glrlm[:, 0, number] = 0


@njit(
    c.Nothing(c.Int32s, c.Int64s, c.Int64s, c.Int32s, c.Floats3, c.Floats3, c.Floats2, c.Floats2),
    cache=True,
    nogil=True,
)
def _count_neighbours(
    flat: NDArray[np.int32],
    voxels: NDArray[np.int64],
    steps: NDArray[np.int64],
    place: NDArray[np.int32],
    glcm: Floats,
    glrlm: Floats,
    gldm: Floats,
    ngtdm: Floats,
) -> None:
    n_steps = steps.size
    for number in range(voxels.size):
        i = voxels[number]
        level = flat[i]
        here = place[level]
        n_equal = 0
        n_around = 0
        sum_around = 0
        for a in range(n_steps):
            step = steps[a]
            ahead, behind = flat[i + step], flat[i - step]
            if ahead > 0:
                glcm[here, place[ahead], a] += 1.0
                n_around += 1
                sum_around += ahead
                n_equal += ahead == level
            if behind > 0:
                n_around += 1
                sum_around += behind
                n_equal += behind == level
            if behind != level:
                # a run begins here
                length = 0
                j = i + step
                while flat[j] == level:
                    length += 1
                    j += step
                glrlm[here, length, a] += 1.0
        gldm[here, n_equal] += 1.0
        ngtdm[here, 0] += 1.0
        if n_around > 0:
            ngtdm[here, 1] += abs(np.float64(level) - np.float64(sum_around) / n_around)


@njit(
    c.Pair(c.Int32s, c.Int64s)(c.Int32s, c.Int64s, c.Int64s),
    cache=True,
    nogil=True,
)
def _zones(
    left: NDArray[np.int32], voxels: NDArray[np.int64], steps: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Grey level and size of each zone of connected voxels; empties ``left`` on the way."""
    n_voxels = voxels.size
    levels = np.empty(n_voxels, dtype=np.int32)
    sizes = np.empty(n_voxels, dtype=np.int64)
    stack = np.empty(n_voxels, dtype=np.int64)
    n_zones = 0
    for number in range(n_voxels):
        seed = voxels[number]
        level = left[seed]
        if level == 0:
            continue
        left[seed] = 0
        stack[0] = seed
        top, size = 1, 0
        while top > 0:
            top -= 1
            i = stack[top]
            size += 1
            for a in range(steps.size):
                for j in (i + steps[a], i - steps[a]):
                    if left[j] == level:
                        left[j] = 0
                        stack[top] = j
                        top += 1
        levels[n_zones], sizes[n_zones] = level, size
        n_zones += 1
    return levels[:n_zones], sizes[:n_zones]
