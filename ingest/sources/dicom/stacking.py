"""From the planes of slices to the grid of a volume, or to the reason why they make none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from roentgene.ingest.sources.dicom.pixel_length import Fault
from roentgene.ingest.sources.dicom.plane import Plane
from roentgene.ingest.sources.volume import Geometry

#: Positions along the normal that are this close are one: scanners write them to 1e-3 mm or finer.
SAME_POSITION_MM = 0.01
#: A slice may lie so far from where an even spacing has it, for some scanners round positions to
#: 0.1 mm; or a hundredth of the spacing, but never more than a quarter of it.
UNEVEN_MM = 0.1
UNEVEN_PART = 0.01
_MOST_UNEVEN_PART = 0.25
#: A slice may lie so far from the line along the normal, or this part of its way along it.
TILT_MM = 0.1
TILT_PART = 1e-3
# direction cosines are written with six digits, by some with three
_ORIENTATION_TOLERANCE = 2e-3
_SAME_ORIENTATION = 1e-4
_SAME_SPACING_PART = 1e-4

Vectors = NDArray[np.float64]


@dataclass(frozen=True)
class Stack:
    """Planes that make a volume.

    Parameters
    ----------
    order : tuple of int
        Their indices, ascending along the normal.
    geometry : Geometry
        The grid.
    """

    order: tuple[int, ...]
    geometry: Geometry


def stack(planes: Sequence[Plane], rows: int, columns: int) -> Stack | Fault:
    """Put the planes of slices in order, and see whether they make an even grid.

    Rows run along the first axis of the grid, columns along the second, and the third is their
    cross product, so that the directions are right-handed, as ITK has them; see PS3.3
    C.7.6.2.1.1. The spacing of the slices is their mean distance.

    Parameters
    ----------
    planes : sequence of Plane
        At least one, in any order.
    rows, columns : int
        Size of each.

    Returns
    -------
    Stack or Fault
        A fault has the reason code ``invalid_geometry`` where a slice has no place,
        ``mixed_orientations``, ``mixed_grids``, ``single_slice``, ``duplicate_slices``,
        ``gantry_tilt`` or ``missing_slices``.
    """
    fault = _fault_of_planes(planes)
    if fault is not None:
        return fault
    axes = directions(planes[0])
    found = np.array([plane.position for plane in planes], dtype=np.float64)
    along_normal = found @ axes[2]
    order = np.argsort(along_normal, kind="stable")
    positions, along = found[order], along_normal[order]
    fault = _repeated(along) or _tilted(positions, axes[2]) or _uneven(along)
    if fault is not None:
        return fault
    row_spacing, column_spacing = planes[0].pixel_spacing or (0.0, 0.0)
    slice_spacing = float(along[-1] - along[0]) / (len(along) - 1)
    x, y, z = map(float, positions[0])
    geometry = Geometry(
        (columns, rows, len(planes)),
        # the first value of PixelSpacing is the distance of the rows
        (column_spacing, row_spacing, slice_spacing),
        (x, y, z),
        # + 0.0 makes -0.0 and 0.0 one number
        tuple(float(cosine) + 0.0 for cosine in axes.T.ravel()),
    )
    return Stack(tuple(map(int, order)), geometry)


def directions(plane: Plane) -> Vectors:
    """Give unit vectors along the rows, along the columns and along the normal, shape (3, 3).

    Parameters
    ----------
    plane : Plane
        With an orientation.
    """
    cosines = np.array(plane.orientation, dtype=np.float64)
    along_row = cosines[:3] / np.linalg.norm(cosines[:3])
    normal = np.cross(along_row, cosines[3:])
    normal /= np.linalg.norm(normal)
    return np.array([along_row, np.cross(normal, along_row), normal])


def _fault_of_planes(planes: Sequence[Plane]) -> Fault | None:
    """Look at each plane, before their distances are looked at."""
    for plane in planes:
        if plane.position is None or plane.orientation is None or plane.pixel_spacing is None:
            detail = "a slice lacks its position, its orientation or its pixel spacing"
            return Fault("invalid_geometry", detail)
        if min(plane.pixel_spacing) <= 0:
            return Fault("invalid_geometry", "a slice has a pixel spacing that is not above 0 mm")
    orientations = np.array([plane.orientation for plane in planes], dtype=np.float64)
    along_rows, along_columns = orientations[:, :3], orientations[:, 3:]
    lengths = np.linalg.norm([along_rows, along_columns], axis=2)
    skew = np.abs((along_rows * along_columns).sum(axis=1))
    if max(np.abs(lengths - 1).max(), skew.max()) > _ORIENTATION_TOLERANCE:
        detail = "rows and columns of a slice are no unit vectors at right angles"
        return Fault("invalid_geometry", detail)
    turned = np.abs(orientations - orientations[0]).max(axis=1)
    if n_turned := int((turned > _SAME_ORIENTATION).sum()):
        detail = f"{n_turned} of {len(planes)} slices lie in another direction than the first"
        return Fault("mixed_orientations", detail)
    spacings = np.array([plane.pixel_spacing for plane in planes], dtype=np.float64)
    if (np.abs(spacings / spacings[0] - 1) > _SAME_SPACING_PART).any():
        detail = f"pixel spacings from {spacings.min():.6g} to {spacings.max():.6g} mm"
        return Fault("mixed_grids", detail)
    if len(planes) == 1:
        return Fault("single_slice", "it has one slice, which makes no volume")
    return None


def _repeated(along: Vectors) -> Fault | None:
    n_repeated = int((np.diff(along) <= SAME_POSITION_MM).sum())
    if not n_repeated:
        return None
    detail = f"{n_repeated} of {len(along)} slices stand where another one stands"
    return Fault("duplicate_slices", detail)


def _tilted(positions: Vectors, normal: Vectors) -> Fault | None:
    """Slices must lie behind each other along the normal."""
    offsets = positions - positions[0]
    along = offsets @ normal
    beside = np.linalg.norm(offsets - np.outer(along, normal), axis=1)
    beyond = beside - np.maximum(TILT_MM, TILT_PART * along)
    worst = int(beyond.argmax())
    if beyond[worst] <= 0:
        return None
    angle = np.degrees(np.arctan2(beside[worst], along[worst]))
    detail = (
        f"slice {worst + 1} of {len(along)} lies {beside[worst]:.4g} mm beside the line along "
        f"the normal, an angle of {angle:.3g} degrees"
    )
    return Fault("gantry_tilt", detail)


def _uneven(along: Vectors) -> Fault | None:
    """Slices must be evenly spaced."""
    n_slices = len(along)
    even = np.linspace(along[0], along[-1], n_slices)
    spacing = (along[-1] - along[0]) / (n_slices - 1)
    allowed = min(max(UNEVEN_MM, UNEVEN_PART * spacing), _MOST_UNEVEN_PART * spacing)
    if np.abs(along - even).max() <= allowed:
        return None
    gaps = np.diff(along)
    usual = float(np.median(gaps))
    worst = int(np.abs(gaps - usual).argmax())
    detail = (
        f"slices {worst + 1} and {worst + 2} of {n_slices} lie {gaps[worst]:.4g} mm apart, "
        f"where the others are {usual:.4g} mm apart"
    )
    return Fault("missing_slices", detail)
