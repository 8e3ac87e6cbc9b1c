"""Regions of a DICOM segmentation object (SEG): binary, fractional or a label map."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from roentgene.ingest.sources.dicom.damage import damage_named
from roentgene.ingest.sources.dicom.dataset import OF_REGIONS, read_dataset, text_of, uids_of
from roentgene.ingest.sources.dicom.linking import References
from roentgene.ingest.sources.dicom.segment_frames import own_grid, places_on, read_frames
from roentgene.ingest.sources.dicom.segment_voxels import BACKGROUND, segment_blocks
from roentgene.ingest.sources.dicom.sop_classes import SEGMENTATIONS
from roentgene.ingest.sources.mask import Parts
from roentgene.ingest.sources.volume import Geometry, VolumeError
from roentgene.schemas.errors import ExtractionUnavailableError

if TYPE_CHECKING:
    from highdicom.seg import Segmentation
    from pydicom import Dataset

_PER_FRAME = "PerFrameFunctionalGroups"


@dataclass(frozen=True)
class Code:
    """A coded concept, e.g. ``85756007``, ``SCT``, ``Tissue``."""

    value: str
    scheme: str
    meaning: str


@dataclass(frozen=True)
class Segment:
    """What a segment stands for. Nothing of who drew it is kept.

    Parameters
    ----------
    number : int
        SegmentNumber, unique in the object.
    label : str
        SegmentLabel, as it was given.
    category, property_type : Code or None
        What kind of thing it is, and which.
    tracking_id, tracking_uid : str or None
        What is the same thing in other objects, e.g. at another time.
    algorithm_type, algorithm_name : str or None
        ``AUTOMATIC``, ``SEMIAUTOMATIC`` or ``MANUAL``, and by what.
    """

    number: int
    label: str
    category: Code | None = None
    property_type: Code | None = None
    tracking_id: str | None = None
    tracking_uid: str | None = None
    algorithm_type: str | None = None
    algorithm_name: str | None = None


def list_segments(path: Path) -> tuple[Segment, ...]:
    """Read what the segments of a SEG file stand for; its pixels are not read.

    The background of a label map, number 0, is no region and is left out.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    VolumeError
        ``unreadable_mask`` if the file is missing, cut off or damaged; ``not_a_segmentation`` if
        it holds another DICOM object.
    """
    dataset = _header(path)
    with damage_named(OF_REGIONS):
        segments = tuple(_segment(item) for item in dataset.SegmentSequence)
        is_label_map = dataset.SegmentationType == "LABELMAP"
        return tuple(one for one in segments if one.number != BACKGROUND or not is_label_map)


def segment_references(path: Path) -> References:
    """Read what a SEG file was drawn on; its pixels are not read.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    VolumeError
        As :func:`list_segments`.
    """
    dataset = _header(path)
    with damage_named(OF_REGIONS):
        studies = dataset.get("StudiesContainingOtherReferencedInstancesSequence", [])
        series = [one for item in (dataset, *studies) for one in _items(item, "ReferencedSeries")]
        groups = (*_items(dataset, "SharedFunctionalGroups"), *_items(dataset, _PER_FRAME))
        derived = [one for group in groups for one in _items(group, "DerivationImage")]
        images = [
            *(image for one in series for image in _items(one, "ReferencedInstance")),
            *(image for one in derived for image in _items(one, "SourceImage")),
            *_items(dataset, "SourceImage"),
        ]
        return References(
            uids_of(series, "SeriesInstanceUID"),
            uids_of(images, "ReferencedSOPInstanceUID"),
            uids_of([dataset], "FrameOfReferenceUID"),
        )


def segment_mask(
    path: Path,
    fraction_threshold: float | None = None,
    geometry: Geometry | None = None,
    tolerance_mm: float = 1e-3,
) -> Parts:
    """Read the segments of a SEG file, which may overlap.

    Frames without voxels may be left out of such a file, so that the place of each frame is that
    which it states itself, and never its number.

    Parameters
    ----------
    path : Path
        The file.
    fraction_threshold : float, optional
        Smallest part of a voxel, above 0 and not above 1, with which it belongs to a region of a
        fractional segmentation. That is stored as whole numbers up to MaximumFractionalValue,
        and is divided by it.
    geometry : Geometry, optional
        Grid of the image. The mask is put on it where its frames are slices of the grid;
        otherwise, and without one, it gets the grid that its own frames span.
    tolerance_mm : float
        How far a corner of a frame may lie from that of the slice that it is.

    Returns
    -------
    Parts
        By SegmentNumber, also those without a voxel; not the background of a label map.

    Raises
    ------
    ExtractionUnavailableError
        If highdicom is not installed.
    VolumeError
        As :func:`list_segments`; ``pixel_header_mismatch`` if the file cannot hold its pixels;
        ``fraction_threshold_missing``; ``not_in_patient_space`` for slides, tiles, and frames
        without a position; ``irregular_frames`` if the frames are no stack of slices.

    References
    ----------
    DICOM PS3.3, section C.8.20 (segmentation types, fractional values, label maps).
    """
    as_segmentation = _highdicom()
    dataset = read_dataset(path)
    with damage_named(OF_REGIONS):
        _check_kind(dataset)
        is_fractional = dataset.SegmentationType == "FRACTIONAL"
        threshold = fraction_threshold if is_fractional else 1.0
        if threshold is None or not 0 < threshold <= 1:
            msg = "it is fractional, and no threshold above 0 and not above 1 is declared"
            raise VolumeError(msg, "fraction_threshold_missing")
        frames = read_frames(dataset)
        segmentation = as_segmentation(dataset, copy=False)
        grid = geometry
        places = places_on(frames, geometry, tolerance_mm) if geometry is not None else None
        if grid is None or places is None:
            grid, places = own_grid(frames, segmentation)
        return Parts(grid, segment_blocks(segmentation, frames, places, threshold))


def _header(path: Path) -> Dataset:
    dataset = read_dataset(path, without_pixels=True)
    with damage_named(OF_REGIONS):
        _check_kind(dataset)
    return dataset


def _check_kind(dataset: Dataset) -> None:
    if (kind := dataset.SOPClassUID) not in SEGMENTATIONS:
        msg = f"it is a DICOM object of the class {kind.name}"
        raise VolumeError(msg, "not_a_segmentation")


def _highdicom() -> Callable[..., Segmentation]:
    with damage_named(OF_REGIONS):
        try:
            from highdicom.seg import Segmentation
        except ImportError as error:
            msg = "highdicom is not installed, so no DICOM segmentation can be read"
            cure = "Install the extra: pip install 'roentgene[dicomseg]'"
            raise ExtractionUnavailableError(msg, cure) from error
    return Segmentation.from_dataset


def _segment(item: Dataset) -> Segment:
    return Segment(
        int(item.SegmentNumber),
        text_of(item, "SegmentLabel") or "",
        _code(item, "SegmentedPropertyCategoryCode"),
        _code(item, "SegmentedPropertyTypeCode"),
        text_of(item, "TrackingID"),
        text_of(item, "TrackingUID"),
        text_of(item, "SegmentAlgorithmType"),
        text_of(item, "SegmentAlgorithmName"),
    )


def _code(item: Dataset, name: str) -> Code | None:
    for code in _items(item, name):
        # long values and URNs have elements of their own (DICOM PS3.3, table 8.8-1)
        keywords = ("CodeValue", "LongCodeValue", "URNCodeValue")
        value = next(filter(None, (text_of(code, keyword) for keyword in keywords)), "")
        scheme, meaning = text_of(code, "CodingSchemeDesignator"), text_of(code, "CodeMeaning")
        return Code(value, scheme or "", meaning or "")
    return None


def _items(item: Dataset, name: str) -> list[Dataset]:
    return list(item.get(f"{name}Sequence") or [])
