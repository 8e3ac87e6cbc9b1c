"""Voxels of the segments of a DICOM segmentation object."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from roentgene.ingest.block import Block, cut_out
from roentgene.ingest.sources.dicom.segment_frames import Frames
from roentgene.ingest.sources.mask import union_of
from roentgene.ingest.sources.volume import VolumeError

if TYPE_CHECKING:
    from highdicom.seg import Segmentation

#: Value of the voxels of a label map that belong to no segment (DICOM PS3.3, C.8.20.2).
BACKGROUND = 0


def segment_blocks(
    segmentation: Segmentation,
    frames: Frames,
    places: list[int],
    threshold: float,
) -> dict[int, Block]:
    """Region of each segment.

    Parameters
    ----------
    segmentation : highdicom.seg.Segmentation
        The segmentation.
    frames : Frames
        Its frames.
    places : list of int
        Slice of the grid that each frame is.
    threshold : float
        Smallest part of a voxel with which it belongs to a segment; 1 where it is all or nothing.

    Raises
    ------
    VolumeError
        ``unreadable_mask`` if a frame belongs to a segment that is not described;
        ``irregular_frames`` if two frames of a segment are one slice.
    """
    faces: dict[int, dict[int, Block]] = {
        number: {} for number in _numbers(segmentation) if not _is_background(segmentation, number)
    }
    for number, place, inside in _faces(segmentation, frames, places, threshold):
        if number not in faces:
            msg = f"it holds a segment {number}, and does not say what that is"
            raise VolumeError(msg, "unreadable_mask")
        if place in faces[number]:
            msg = f"two frames of segment {number} lie at one place"
            raise VolumeError(msg, "irregular_frames")
        faces[number][place] = cut_out(inside[None], (place, 0, 0))
    return {
        number: union_of([face for face in of_one.values() if face.n_voxels])
        for number, of_one in faces.items()
    }


def _faces(
    segmentation: Segmentation, frames: Frames, places: list[int], threshold: float
) -> Iterator[tuple[int, int, NDArray[np.bool_]]]:
    """Segment, slice, and pixels that belong to it, frame by frame."""
    kind = str(segmentation.SegmentationType)
    whole = int(segmentation.MaximumFractionalValue) if kind == "FRACTIONAL" else 1
    outside = {BACKGROUND, segmentation.get("PixelPaddingValue", BACKGROUND)}
    for index, (segment, place) in enumerate(zip(frames.segments, places, strict=True)):
        # one frame at a time: all of them together may be larger than the image
        pixels: NDArray[Any] = segmentation.get_stored_frame(index, as_index=True)
        if kind == "LABELMAP":
            for value in np.unique(pixels).tolist():
                if value not in outside:
                    yield value, place, pixels == value
        elif segment is None:
            msg = f"frame {index + 1} belongs to no segment"
            raise VolumeError(msg, "unreadable_mask")
        else:
            yield segment, place, pixels / whole >= threshold


def _numbers(segmentation: Segmentation) -> list[int]:
    return [int(item.SegmentNumber) for item in segmentation.SegmentSequence]


def _is_background(segmentation: Segmentation, number: int) -> bool:
    return segmentation.SegmentationType == "LABELMAP" and number == BACKGROUND
