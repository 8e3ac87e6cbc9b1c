"""Where the frames of a DICOM segmentation object lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from roentgene.ingest.sources.volume import Geometry, VolumeError

if TYPE_CHECKING:
    from highdicom.seg import Segmentation
    from pydicom import Dataset

# frames of a slide lie in its own coordinates, and tiles make up one large plane
_TILED = ("TotalPixelMatrixRows", "ImageOrientationSlide")
# numbers of one grid that are written with different digits
_SAME = 1e-5
# axes are written with few digits
_SQUARE = 1e-3
# slices may be off by this part of their distance (so highdicom holds a stack to be regular)
_OFF_SLICE = 0.01
# frames that are far apart would span a grid that no memory holds
_MOST_SLICES = 10_000


@dataclass(frozen=True)
class Frames:
    """Frames of one orientation and pixel spacing.

    Parameters
    ----------
    segments : tuple of int or None
        Segment of each frame; None for those of a label map, which hold all segments.
    positions : ndarray, shape (n, 3)
        Centre of the first pixel of each frame, in millimetres (LPS).
    axes : ndarray, shape (3, 3)
        Direction along rows, along columns, and from slice to slice, a row each.
    spacing : tuple of float
        Pixel size (x, y) in millimetres.
    size : tuple of int
        Pixels (x, y).
    slice_distance : float or None
        Distance of two slices as the object states it, or else the thickness of one.
    """

    segments: tuple[int | None, ...]
    positions: NDArray[np.float64]
    axes: NDArray[np.float64]
    spacing: tuple[float, float]
    size: tuple[int, int]
    slice_distance: float | None


def read_frames(dataset: Dataset) -> Frames:
    """Read where the frames of a segmentation lie.

    Parameters
    ----------
    dataset : pydicom.Dataset
        The segmentation.

    Raises
    ------
    VolumeError
        ``not_in_patient_space`` for slides, tiles, and frames without a position;
        ``irregular_frames`` if frames differ in orientation or pixel spacing;
        ``invalid_geometry`` if their axes or pixel sizes are none;
        ``unreadable_mask`` if it does not say of every frame what it is.
    """
    shared = dataset.SharedFunctionalGroupsSequence[0]
    per_frame = list(dataset.PerFrameFunctionalGroupsSequence)
    if len(per_frame) != int(dataset.NumberOfFrames):
        msg = f"it describes {len(per_frame)} of {dataset.NumberOfFrames} frames"
        raise VolumeError(msg, "unreadable_mask")

    def of_each(group: str, keyword: str) -> list[Any]:
        return [_value((frame, shared), group, keyword) for frame in per_frame]

    positions = of_each("PlanePositionSequence", "ImagePositionPatient")
    orientations = of_each("PlaneOrientationSequence", "ImageOrientationPatient")
    if any(keyword in dataset for keyword in _TILED) or None in (*positions, *orientations):
        msg = "its frames have no position in the patient"
        raise VolumeError(msg, "not_in_patient_space")
    row, column = _one(orientations, "orientation").reshape(2, 3)
    spacing_y, spacing_x = _one(of_each("PixelMeasuresSequence", "PixelSpacing"), "pixel spacing")
    numbers = of_each("SegmentIdentificationSequence", "ReferencedSegmentNumber")
    distances = [
        *of_each("PixelMeasuresSequence", "SpacingBetweenSlices"),
        *of_each("PixelMeasuresSequence", "SliceThickness"),
    ]
    stated = [float(distance) for distance in distances if distance]
    axes = np.array([row, column, np.cross(row, column)])
    # also true for what is no number
    if not np.abs(axes @ axes.T - np.eye(3)).max() < _SQUARE or not spacing_x * spacing_y > 0:
        msg = "its frames have no pixel size, or no axes at right angles"
        raise VolumeError(msg, "invalid_geometry")
    return Frames(
        tuple(None if number is None else int(number) for number in numbers),
        np.array(positions, dtype=np.float64).reshape(-1, 3),
        axes,
        (float(spacing_x), float(spacing_y)),
        (int(dataset.Columns), int(dataset.Rows)),
        stated[0] if stated else None,
    )


def places_on(frames: Frames, grid: Geometry, tolerance_mm: float) -> list[int] | None:
    """Slice of a grid that each frame is; None if not all of them are one.

    Parameters
    ----------
    frames : Frames
        The frames.
    grid : Geometry
        The grid.
    tolerance_mm : float
        How far a corner pixel of a frame may lie from that of its slice.
    """
    if grid.size[:2] != frames.size:
        return None
    steps = np.array(grid.direction, dtype=np.float64).reshape(3, 3).T * np.array(
        grid.spacing
    ).reshape(3, 1)
    offsets = frames.positions - np.array(grid.origin)
    numbers = np.round(np.linalg.solve(steps.T, offsets.T)[2])
    if not ((numbers >= 0) & (numbers < grid.size[2])).all():
        return None
    own = frames.axes[:2] * np.array(frames.spacing).reshape(2, 1)
    corners = np.array([(x, y) for x in (0, grid.size[0] - 1) for y in (0, grid.size[1] - 1)])
    # from the corner of a slice to that of its frame: shape (frame, corner, 3)
    apart = (offsets - numbers[:, None] * steps[2])[:, None] + corners @ (own - steps[:2])
    if np.linalg.norm(apart, axis=2).max() > tolerance_mm:
        return None
    return [int(number) for number in numbers]


def own_grid(frames: Frames, segmentation: Segmentation) -> tuple[Geometry, list[int]]:
    """Grid that the frames span themselves, and the slice that each of them is.

    Slices without a frame count: where the object does not state the distance of its slices, it
    is the smallest one of two frames, and all others must be multiples of it.

    Parameters
    ----------
    frames : Frames
        The frames.
    segmentation : highdicom.seg.Segmentation
        The segmentation.

    Raises
    ------
    VolumeError
        ``irregular_frames`` if they are no slices of one grid.
    """
    heights = frames.positions @ frames.axes[2]
    lowest, extent = int(heights.argmin()), float(np.ptp(heights))
    step = _step(frames, segmentation, extent)
    n_slices = round(extent / step) + 1
    if n_slices > _MOST_SLICES:
        msg = f"its frames span {extent:.4g} mm, which is {n_slices} slices"
        raise VolumeError(msg, "irregular_frames")
    x, y, z = (float(number) for number in frames.positions[lowest])
    grid = Geometry(
        (*frames.size, n_slices),
        (*frames.spacing, step),
        (x, y, z),
        tuple(float(number) for number in frames.axes.T.ravel()),
    )
    numbers = places_on(frames, grid, _OFF_SLICE * step)
    if numbers is None:
        msg = "its frames are no slices of one grid"
        raise VolumeError(msg, "irregular_frames")
    return grid, numbers


def _step(frames: Frames, segmentation: Segmentation, extent: float) -> float:
    if extent <= _SAME:
        # highdicom would take 1 mm where nothing is stated
        if not frames.slice_distance:
            msg = "it is one slice, and does not state how thick"
            raise VolumeError(msg, "irregular_frames")
        return frames.slice_distance
    spanned = segmentation.get_volume_geometry(allow_missing_positions=True)
    if spanned is None:
        msg = f"its frames, {extent:.4g} mm from end to end, are no evenly spaced slices"
        raise VolumeError(msg, "irregular_frames")
    return float(spanned.spacing_between_slices)


def _value(groups: tuple[Dataset, Dataset], group: str, keyword: str) -> Any:
    """Value of a frame, its own or else that of all frames; None where there is none."""
    for one in groups:
        if items := one.get(group):
            return items[0].get(keyword)
    return None


def _one(values: list[Any], name: str) -> NDArray[np.float64]:
    """Give the numbers that all frames have in common."""
    numbers = np.array(values, dtype=np.float64)
    if np.abs(numbers - numbers[0]).max() > _SAME:
        msg = f"its frames differ in {name}"
        raise VolumeError(msg, "irregular_frames")
    first: NDArray[np.float64] = numbers[0]
    return first
