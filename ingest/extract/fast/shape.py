"""Shape of a region as PyRadiomics measures it, without comparing all vertices with each other.

Surface and volume are sums over 2 x 2 x 2 cubes of voxels, of which there are 256 kinds. What one
cube of a kind adds is asked of PyRadiomics' own C function, once for each kind and spacing; a
region then only needs its cubes counted. Diameters are reached between vertices of convex hulls.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray
from radiomics import cShape
from radiomics.shape import RadiomicsShape
from scipy.spatial import ConvexHull, QhullError

from roentgene.ingest.extract.fast import compiled as c
from roentgene.ingest.extract.fast.features import prepare
from roentgene.ingest.extract.fast.textures import Floats

Bools = NDArray[np.bool_]

_N_KINDS = 256
_CORNERS = tuple((z, y, x) for z in (0, 1) for y in (0, 1) for x in (0, 1))


def shape_features(region: Bools, spacing: tuple[float, float, float]) -> dict[str, float]:
    """Measure the shape of a region.

    Parameters
    ----------
    region : ndarray of bool, shape (z, y, x)
        The region, tight in its box.
    spacing : tuple of float
        Voxel size (x, y, z) in millimetres.

    Returns
    -------
    dict of str to float
        Value by ``shape_<name>``; NaN where the formula gives none.
    """
    prepared = _Shape(np.pad(region, 1), spacing[::-1])
    return {f"shape_{name}": float(value) for name, value in prepared.execute().items()}


class _Shape(RadiomicsShape):  # type: ignore[misc]
    """PyRadiomics' formulas over surface, volume and diameters found in a quicker way."""

    def __init__(self, padded: Bools, spacing: tuple[float, ...]) -> None:
        prepare(self)
        self.pixelSpacing = np.array(spacing)
        self.SurfaceArea, self.Volume = _surface_and_volume(padded, spacing)
        self.diameters = _diameters(padded, self.pixelSpacing)
        self.labelledVoxelCoordinates = np.nonzero(padded)
        self.eigenValues = self._eigenvalues()

    def _eigenvalues(self) -> Floats:
        """As ``RadiomicsShape._initSegmentBasedCalculation``."""
        coordinates = np.array(self.labelledVoxelCoordinates, dtype=np.float64).T
        physical = coordinates * self.pixelSpacing
        physical -= np.mean(physical, axis=0)
        physical /= np.sqrt(len(physical))
        values: Floats = np.linalg.eigvals(np.dot(physical.T.copy(), physical)).real
        values[(values < 0) & (values > -1e-10)] = 0
        values.sort()
        return values


def _surface_and_volume(padded: Bools, spacing: tuple[float, ...]) -> tuple[float, float]:
    """Sum what the cubes of a region add; the volume of one depends on where it lies."""
    areas, volumes, slopes = _cubes(spacing)
    kinds = np.zeros([length - 1 for length in padded.shape], dtype=np.uint8)
    for bit, corner in enumerate(_CORNERS):
        along = tuple(slice(at, at + n) for at, n in zip(corner, kinds.shape, strict=True))
        kinds |= padded[along].view(np.uint8) << np.uint8(bit)
    places = np.nonzero((kinds != 0) & (kinds != _N_KINDS - 1))
    found = kinds[places]
    counts = np.bincount(found, minlength=_N_KINDS)
    volume = float(counts @ volumes)
    for slope, place in zip(slopes, places, strict=True):
        volume += float(np.bincount(found, place, minlength=_N_KINDS) @ slope)
    return float(counts @ areas), volume


@lru_cache(maxsize=32)
def _cubes(spacing: tuple[float, ...]) -> tuple[Floats, Floats, Floats]:
    """Ask PyRadiomics what each kind of cube adds.

    Returns
    -------
    areas : ndarray, shape (256,)
        Surface in square millimetres.
    volumes : ndarray, shape (256,)
        Volume in cubic millimetres of the cube at the origin.
    slopes : ndarray, shape (3, 256)
        What a step along z, y or x adds to that volume.
    """
    corners = [_corner_voxels(kind) for kind in range(_N_KINDS)]
    probes = [_probe(cube, spacing) for cube in corners]
    areas = np.array([area for area, _ in probes])
    volumes = np.array([volume for _, volume in probes])
    slopes = np.zeros((3, _N_KINDS))
    for axis in range(3):
        for kind, cube in enumerate(corners):
            # the cube one step further, behind one of whose far side it is the near side
            moved = np.insert(cube, 0, False, axis=axis)
            far = np.zeros_like(cube)
            index: list[Any] = [slice(None)] * 3
            index[axis] = 1
            far[tuple(index)] = cube.take(0, axis=axis)
            _, before = _probe(far, spacing)
            _, both = _probe(moved, spacing)
            slopes[axis, kind] = both - before - volumes[kind]
    return areas, volumes, slopes


def _corner_voxels(kind: int) -> Bools:
    cube = np.zeros((2, 2, 2), dtype=np.bool_)
    for bit, corner in enumerate(_CORNERS):
        cube[corner] = kind >> bit & 1
    return cube


def _probe(voxels: Bools, spacing: tuple[float, ...]) -> tuple[float, float]:
    area, volume, _ = cShape.calculate_coefficients(voxels, np.array(spacing))
    return area, volume


def _diameters(padded: Bools, spacing: Floats) -> tuple[float, float, float, float]:
    """Largest distances of vertices: within planes of equal z, y and x, and in space."""
    vertices = _vertices(padded)
    within = [_largest_within_planes(vertices, axis, spacing) for axis in range(3)]
    return within[0], within[1], within[2], _largest(_hull(vertices), spacing)


def _vertices(padded: Bools) -> Floats:
    """Middles of all grid edges that lead out of the region, shape (n, 3), in voxels."""
    found = []
    for axis in range(3):
        ahead: list[Any] = [slice(None)] * 3
        behind: list[Any] = [slice(None)] * 3
        ahead[axis], behind[axis] = slice(1, None), slice(None, -1)
        edges = np.argwhere(padded[tuple(ahead)] != padded[tuple(behind)]).astype(np.float64)
        edges[:, axis] += 0.5
        found.append(edges)
    return np.concatenate(found)


def _largest_within_planes(vertices: Floats, axis: int, spacing: Floats) -> float:
    ordered = vertices[np.argsort(vertices[:, axis], kind="stable")]
    firsts = np.flatnonzero(np.diff(ordered[:, axis], prepend=-np.inf))
    planes = np.split(ordered, firsts[1:])
    return max(_largest(_ends_of_rows(plane, axis), spacing) for plane in planes)


def _ends_of_rows(plane: Floats, axis: int) -> Floats:
    """Leave of each row of a plane its two ends; no point between them is on the hull."""
    row, along = (other for other in range(3) if other != axis)
    ordered = plane[np.lexsort((plane[:, along], plane[:, row]))]
    is_first = np.diff(ordered[:, row], prepend=-np.inf) != 0
    is_last = np.append(is_first[1:], True)
    return np.asarray(ordered[is_first | is_last])


def _hull(vertices: Floats) -> Floats:
    """Leave the vertices of the convex hull; all of them where they span no volume."""
    try:
        return np.asarray(vertices[ConvexHull(vertices).vertices])
    except QhullError:
        return vertices


def _largest(vertices: Floats, spacing: Floats) -> float:
    """Largest distance between two vertices in millimetres."""
    return float(np.sqrt(_largest_squared(vertices * spacing)))


@njit(c.Float64(c.Floats2), cache=True, nogil=True)
def _largest_squared(points: Floats) -> float:
    largest = 0.0
    for i in range(points.shape[0]):
        for j in range(i):
            z, y, x = (
                points[i, 0] - points[j, 0],
                points[i, 1] - points[j, 1],
                points[i, 2] - points[j, 2],
            )
            largest = max(largest, z * z + y * y + x * x)
    return largest
