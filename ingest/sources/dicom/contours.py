"""Voxels inside closed planar contours, as structure sets hold them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from roentgene.ingest.block import Block, cut_out
from roentgene.ingest.sources.volume import Geometry, VolumeError

Points = NDArray[np.float64]

#: Fewer points enclose nothing.
FEWEST_POINTS = 3
# index coordinates are rounded to this many digits, so that a contour through the centres of
# voxels stays there whatever the arithmetic of the grid's origin and spacing
_DIGITS = 6
# how far a point may leave the plane of its contour, and a contour that of its neighbours in one
# plane, as a part of the distance of two slices: coordinates are written with few digits
_OFF_PLANE = 0.1
# no contour that a person drew crosses as many rows; one of broken numbers would take the memory
_MOST_CROSSINGS = 20_000_000


@dataclass(frozen=True)
class Raster:
    """What contours enclose of a grid.

    Parameters
    ----------
    block : Block
        Voxels of the grid whose centres lie inside; without voxels where there are none.
    n_beyond : int
        Voxels that would lie inside if the grid went on beyond its ends.
    """

    block: Block
    n_beyond: int


@dataclass(frozen=True)
class _Plane:
    """Contours of one plane: its slice index, and points as (column, row) index, (n, 2) each."""

    index: float
    contours: list[Points]


def fill(contours: Sequence[Points], geometry: Geometry, reach_mm: float | None = None) -> Block:
    """Voxels inside contours that lie wholly within the grid; see :func:`rasterise`.

    Raises
    ------
    VolumeError
        Also ``contours_beyond_grid`` if voxels beyond the ends of the grid would lie inside.
    """
    raster = rasterise(contours, geometry, reach_mm)
    if raster.n_beyond:
        total = raster.n_beyond + raster.block.n_voxels
        msg = f"{raster.n_beyond} of {total} voxels inside its contours lie beyond the image"
        raise VolumeError(msg, "contours_beyond_grid")
    return raster.block


def rasterise(
    contours: Sequence[Points], geometry: Geometry, reach_mm: float | None = None
) -> Raster:
    """Voxels whose centres lie inside closed contours, by the even-odd rule.

    A centre is inside where a ray from it crosses the contours of its plane an odd number of
    times, all of them taken together: a contour within another is a hole, and a keyhole's
    channel, walked there and back, is none. A centre on a contour is inside on the sides of
    lower column and row index and outside on the others, so that regions that share an edge
    share no voxel. Index coordinates are rounded to 1e-6 of a voxel.

    Each slice takes the contours of the nearest plane, if that is within reach. A plane reaches
    over half the distance of two slices, or over ``reach_mm``, to both sides; at the very limit
    only to the side of the higher index, so that its slab holds no more slices than its length.

    Parameters
    ----------
    contours : sequence of ndarray, shape (n_points, 3)
        Points (x, y, z) in millimetres, patient coordinates (LPS); the last one is joined to
        the first. Contours of fewer than three points enclose nothing.
    geometry : Geometry
        Grid to fill, anywhere and in any direction, as long as its slices are parallel to the
        contours.
    reach_mm : float, optional
        How far from its plane a contour still holds. Half the distance of the slices where it
        is not given, which leaves slices between sparse planes empty; a grid that was not drawn
        on, such as one of dose, asks for half of :func:`plane_distance_mm` if that is more.

    Returns
    -------
    Raster
        Region, and how much of it lies beyond the grid.

    Raises
    ------
    VolumeError
        ``contours_off_plane`` if contours are not parallel to the slices;
        ``malformed_contours`` if they cross more rows than any drawn region.

    References
    ----------
    Foley, van Dam, Feiner, Hughes: Computer Graphics, 2nd edition, section 3.6 (scan
    conversion of polygons, parity rule).
    """
    planes = _planes(contours, geometry)
    reach = 0.5 if reach_mm is None else reach_mm / geometry.spacing[2]
    n_columns, n_rows, n_slices = geometry.size
    parts: list[tuple[int, Block]] = []
    n_beyond = 0
    for plane, slices in _slices(planes, reach):
        within = [number for number in slices if 0 <= number < n_slices]
        face, n_inside = _face(plane.contours, n_rows, n_columns)
        n_beyond += n_inside * len(slices) - face.n_voxels * len(within)
        if face.n_voxels:
            parts.extend((number, face) for number in within)
    return Raster(_stack(parts), n_beyond)


def plane_distance_mm(contours: Sequence[Points], geometry: Geometry) -> float | None:
    """Smallest distance of two neighbouring planes of contours; None for fewer than two planes.

    Parameters
    ----------
    contours : sequence of ndarray, shape (n_points, 3)
        As of :func:`rasterise`.
    geometry : Geometry
        A grid whose slices are parallel to them.
    """
    indices = [plane.index for plane in _planes(contours, geometry)]
    return float(np.diff(indices).min()) * geometry.spacing[2] if len(indices) > 1 else None


def _planes(contours: Sequence[Points], geometry: Geometry) -> list[_Plane]:
    """Contours that enclose anything, in index coordinates, by plane in ascending order."""
    closed = [points for points in contours if len(points) >= FEWEST_POINTS]
    if not closed:
        return []
    axes = np.array(geometry.direction, dtype=np.float64).reshape(3, 3) * geometry.spacing
    points = np.concatenate(closed) - np.array(geometry.origin)
    index = np.round(np.linalg.solve(axes, points.T).T, _DIGITS)
    starts = np.cumsum([0, *(len(points) for points in closed[:-1])])
    lowest = np.minimum.reduceat(index[:, 2], starts)
    highest = np.maximum.reduceat(index[:, 2], starts)
    _check_parallel(highest - lowest, geometry.spacing[2])
    middle = (lowest + highest) / 2
    faces = np.split(index[:, :2], starts[1:])
    order = np.argsort(middle, kind="stable")
    planes: list[_Plane] = []
    for contour in order:
        if not planes or middle[contour] - planes[-1].index > _OFF_PLANE:
            planes.append(_Plane(float(np.round(middle[contour], _DIGITS)), []))
        planes[-1].contours.append(faces[contour])
    return planes


def _check_parallel(heights: NDArray[np.float64], slice_distance: float) -> None:
    n_off = int(np.count_nonzero(heights > 2 * _OFF_PLANE))
    if n_off:
        msg = (
            f"{n_off} of {len(heights)} contours are not parallel to the slices: they extend up "
            f"to {heights.max() * slice_distance:.4g} mm across slices {slice_distance:.4g} mm "
            "apart"
        )
        raise VolumeError(msg, "contours_off_plane")


def _slices(planes: list[_Plane], reach: float) -> list[tuple[_Plane, list[int]]]:
    """Each plane with the slices that take it, also with those beyond the grid."""
    if not planes:
        return []
    indices = np.array([plane.index for plane in planes])
    # the slices within reach of each plane: index - reach < slice <= index + reach
    first = np.floor(np.round(indices - reach, _DIGITS)).astype(np.int64) + 1
    last = np.floor(np.round(indices + reach, _DIGITS)).astype(np.int64)
    # half-way between two planes, the lower one
    halfway = np.floor(np.round((indices[:-1] + indices[1:]) / 2, _DIGITS)).astype(np.int64)
    first[1:] = np.maximum(first[1:], halfway + 1)
    last[:-1] = np.minimum(last[:-1], halfway)
    return [
        (plane, list(range(low, high + 1)))
        for plane, low, high in zip(planes, first.tolist(), last.tolist(), strict=True)
    ]


def _face(contours: list[Points], n_rows: int, n_columns: int) -> tuple[Block, int]:
    """Pixels inside the contours of one plane, as a block of one slice, and how many there are.

    The number counts those beyond the grid as well.
    """
    rows, columns = _crossings(contours)
    if not rows.size:
        return _stack([]), 0
    order = np.lexsort((columns, rows))
    rows, columns = rows[order], columns[order]
    # each row is crossed an even number of times: inside from the first to the second, and so on
    n_inside = int((columns[1::2] - columns[::2]).sum())
    kept = (rows >= 0) & (rows < n_rows)
    rows, columns = rows[kept], np.clip(columns[kept], 0, n_columns)
    if not rows.size:
        return _stack([]), n_inside
    row, column = int(rows[0]), int(columns.min())
    parity = np.zeros((int(rows[-1]) - row + 1, int(columns.max()) - column + 1), dtype=np.uint8)
    np.bitwise_xor.at(parity, (rows - row, columns - column), 1)
    # from a crossing on to the right everything changes sides
    inside = np.bitwise_xor.accumulate(parity, axis=1).view(np.bool_)
    return Block((0, row, column), inside[None, :, :-1]), n_inside


def _crossings(contours: list[Points]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Row and first column at or right of it, wherever an edge crosses a row of pixel centres."""
    start = np.concatenate(contours)
    stop = np.concatenate([np.roll(points, -1, axis=0) for points in contours])
    # an edge walked there and back crosses at the same place: its arithmetic must be one
    upward = (start[:, 1] <= stop[:, 1])[:, None]
    low, high = np.where(upward, start, stop), np.where(upward, stop, start)
    # an edge crosses the rows from its lower end on, but not that of its upper end
    first, after = np.ceil(low[:, 1]), np.ceil(high[:, 1])
    crossed = after > first
    n_rows = (after - first)[crossed]
    if n_rows.sum() > _MOST_CROSSINGS:
        msg = f"its contours cross {n_rows.sum():.3g} rows of voxels in one plane"
        raise VolumeError(msg, "malformed_contours")
    low, high, first, counts = low[crossed], high[crossed], first[crossed], n_rows.astype(np.int64)
    edge = np.repeat(np.arange(len(counts)), counts)
    nth = np.arange(len(edge)) - np.repeat(np.cumsum(counts) - counts, counts)
    rows = first[edge] + nth
    slope = (high[:, 0] - low[:, 0]) / (high[:, 1] - low[:, 1])
    columns = low[edge, 0] + (rows - low[edge, 1]) * slope[edge]
    return rows.astype(np.int64), np.ceil(np.round(columns, _DIGITS)).astype(np.int64)


def _stack(parts: list[tuple[int, Block]]) -> Block:
    """One block of the faces of several slices."""
    if not parts:
        return Block((0, 0, 0), np.zeros((0, 0, 0), dtype=np.bool_))
    starts = np.array([(number, *face.start[1:]) for number, face in parts])
    stops = starts + np.array([face.voxels.shape for _, face in parts])
    first = starts.min(axis=0)
    voxels = np.zeros(stops.max(axis=0) - first, dtype=np.bool_)
    for (_, face), start, stop in zip(parts, starts - first, stops - first, strict=True):
        voxels[start[0], start[1] : stop[1], start[2] : stop[2]] = face.voxels[0]
    return cut_out(voxels, (int(first[0]), int(first[1]), int(first[2])))
