"""Where the planes of a dose grid lie."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from roentgene.ingest.sources.dicom.elements import Elements
from roentgene.ingest.sources.volume import Geometry, VolumeError

Numbers = NDArray[np.float64]

#: Elements that the place is read from.
PLACE = (
    *("Rows", "Columns", "NumberOfFrames", "PixelSpacing"),
    *("ImagePositionPatient", "ImageOrientationPatient", "GridFrameOffsetVector"),
)
# offsets are decimal strings, which writers cut at very different digits
_EVEN_MM = 0.01
_RIGHT_ANGLE = 1e-4


def dose_geometry(facts: Elements) -> tuple[Geometry, bool]:
    """Grid of a dose, and whether its planes are to be turned round.

    Planes lie at the offsets of ``GridFrameOffsetVector``: distances from the first plane along
    the normal of the planes or, where the first offset is not 0, z coordinates (DICOM PS3.3
    C.8.8.3.2). Where they descend along the normal the grid starts at the last plane.

    Parameters
    ----------
    facts : Elements
        The header.

    Raises
    ------
    VolumeError
        ``not_three_dimensional`` for a single plane, ``dose_planes_uneven`` and
        ``invalid_geometry``.
    """
    n_planes = facts.whole("NumberOfFrames") or 1
    if n_planes == 1:
        msg = "it has a single plane"
        raise VolumeError(msg, "not_three_dimensional")
    n_rows, n_columns = facts.whole("Rows") or 0, facts.whole("Columns") or 0
    position = facts.numbers("ImagePositionPatient", 3)
    orientation = facts.numbers("ImageOrientationPatient", 6)
    spacing = facts.numbers("PixelSpacing", 2)
    offsets = facts.numbers("GridFrameOffsetVector", n_planes)
    if position is None or orientation is None or spacing is None or offsets is None:
        msg = "its position, orientation, spacing or plane offsets are missing or incomplete"
        raise VolumeError(msg, "invalid_geometry")
    if min(spacing) <= 0:
        msg = "its pixel spacing is not above 0"
        raise VolumeError(msg, "invalid_geometry")
    axes = _axes(orientation)
    along_normal = _along_normal(np.array(offsets), position[2], axes[:, 2])
    step = _even_step(along_normal)
    turned = step < 0
    origin = np.array(position) + axes[:, 2] * (along_normal[-1] if turned else 0.0)
    geometry = Geometry(
        size=(n_columns, n_rows, n_planes),
        # DICOM gives the distance of rows first, and that is the one along y
        spacing=(spacing[1], spacing[0], abs(step)),
        origin=(float(origin[0]), float(origin[1]), float(origin[2])),
        direction=tuple(axes.ravel().tolist()),
    )
    return geometry, turned


def _axes(orientation: tuple[float, ...]) -> Numbers:
    """Directions of x, y and z as columns."""
    along_x, along_y = np.array(orientation[:3]), np.array(orientation[3:])
    lengths = np.array([along_x @ along_x, along_y @ along_y])
    if abs(along_x @ along_y) > _RIGHT_ANGLE or np.abs(lengths - 1).max() > _RIGHT_ANGLE:
        msg = "the axes of its planes are not at right angles"
        raise VolumeError(msg, "invalid_geometry")
    return np.column_stack((along_x, along_y, np.cross(along_x, along_y)))


def _along_normal(offsets: Numbers, position_z: float, normal: Numbers) -> Numbers:
    """Distance of each plane from the first, along the normal, in mm."""
    if offsets[0] == 0:
        return offsets
    if abs(abs(normal[2]) - 1) > _RIGHT_ANGLE or abs(offsets[0] - position_z) > _EVEN_MM:
        msg = "its plane offsets neither start at 0 nor are z coordinates of its planes"
        raise VolumeError(msg, "invalid_geometry")
    return np.asarray((offsets - offsets[0]) * np.sign(normal[2]), dtype=np.float64)


def _even_step(along_normal: Numbers) -> float:
    """Distance from plane to plane in mm; negative where they descend."""
    step = float(along_normal[-1]) / (along_normal.size - 1)
    farthest = float(np.abs(along_normal - step * np.arange(along_normal.size)).max())
    if abs(step) <= _EVEN_MM or farthest > _EVEN_MM:
        msg = f"its planes lie up to {farthest:.3g} mm off steps of {step:.5g} mm"
        raise VolumeError(msg, "dose_planes_uneven")
    return step
