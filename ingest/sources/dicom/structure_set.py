"""Regions of a DICOM structure set (RTSTRUCT): what was drawn, and on what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from roentgene.ingest.block import Block, cut_out
from roentgene.ingest.sources.dicom.contours import Points, fill
from roentgene.ingest.sources.dicom.damage import DAMAGE, damage_named
from roentgene.ingest.sources.dicom.dataset import OF_REGIONS, read_dataset, text_of, uids_of
from roentgene.ingest.sources.dicom.linking import References
from roentgene.ingest.sources.dicom.sop_classes import STRUCTURE_SET
from roentgene.ingest.sources.mask import Parts
from roentgene.ingest.sources.volume import Geometry, VolumeError

if TYPE_CHECKING:
    from pydicom import Dataset

_CONTOUR_DATA = 0x30060050
# the second one is for holes by exclusive or (DICOM PS3.3, C.8.8.6.3)
_CLOSED = {"CLOSED_PLANAR", "CLOSEDPLANAR_XOR"}
# nobody is drawn a hundred metres from where the coordinates begin
_FARTHEST_MM = 1e5


class RoiFault(NamedTuple):
    """What is the matter with an ROI: a code of ``reason_codes.yaml``, and what was found."""

    reason_code: str
    detail: str


@dataclass(frozen=True)
class Roi:
    """A region of interest. Nothing of who drew it is kept.

    Parameters
    ----------
    number : int
        ROINumber, unique in the structure set.
    name : str
        ROIName, as it was given.
    contours : tuple of ndarray, shape (n_points, 3)
        Points (x, y, z) in millimetres, patient coordinates (LPS); none if nothing was drawn.
    geometric_types : tuple of str
        Kinds of its contours, e.g. ``CLOSED_PLANAR``.
    generation_algorithm : str or None
        ``AUTOMATIC``, ``SEMIAUTOMATIC`` or ``MANUAL``.
    interpreted_type : str or None
        What it stands for in planning, e.g. ``GTV`` or ``ORGAN``.
    frame_of_reference_uid : str or None
        Frame of reference of its coordinates.
    sop_instance_uids : frozenset of str
        Images that its contours were drawn on.
    fault : RoiFault or None
        Why it cannot be made a region (``contours_not_closed``, ``malformed_contours``); its
        contours are empty then.
    """

    number: int
    name: str
    contours: tuple[Points, ...] = ()
    geometric_types: tuple[str, ...] = ()
    generation_algorithm: str | None = None
    interpreted_type: str | None = None
    frame_of_reference_uid: str | None = None
    sop_instance_uids: frozenset[str] = frozenset()
    fault: RoiFault | None = None


@dataclass(frozen=True)
class StructureSet:
    """A structure set.

    Parameters
    ----------
    sop_instance_uid : str
        Its own UID.
    rois : tuple of Roi
        In the order of the file, also those without contours and those that are faulty.
    series_uids : frozenset of str
        Series that it refers to.
    sop_instance_uids : frozenset of str
        Images that it refers to as a whole.
    frame_of_reference_uids : frozenset of str
        Frames of reference that it refers to.
    """

    sop_instance_uid: str
    rois: tuple[Roi, ...]
    series_uids: frozenset[str]
    sop_instance_uids: frozenset[str]
    frame_of_reference_uids: frozenset[str]

    def references(self, number: int) -> References:
        """Give what one ROI was drawn on: its own images and frame where it states them.

        Parameters
        ----------
        number : int
            ROINumber of an ROI of this structure set.
        """
        roi = next(roi for roi in self.rois if roi.number == number)
        own_frame = frozenset(filter(None, [roi.frame_of_reference_uid]))
        return References(
            self.series_uids,
            roi.sop_instance_uids or self.sop_instance_uids,
            own_frame or self.frame_of_reference_uids,
        )


def read_structure_set(path: Path) -> StructureSet:
    """Read an RTSTRUCT file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    StructureSet
        A malformed ROI is there with its fault, and costs no other.

    Raises
    ------
    VolumeError
        ``unreadable_mask`` if the file is missing, cut off, damaged or lacks its ROIs;
        ``not_a_segmentation`` if it holds another DICOM object.
    """
    dataset = read_dataset(path)
    with damage_named(OF_REGIONS):
        if (kind := dataset.SOPClassUID) != STRUCTURE_SET:
            msg = f"it is a DICOM object of the class {kind.name}"
            raise VolumeError(msg, "not_a_segmentation")
        return StructureSet(str(dataset.SOPInstanceUID), _rois(dataset), *_referenced(dataset))


def structure_mask(
    structures: StructureSet, geometry: Geometry, numbers: Iterable[int] | None = None
) -> tuple[Parts, dict[int, RoiFault]]:
    """Make masks of ROIs on the grid of an image.

    Parameters
    ----------
    structures : StructureSet
        The structure set.
    geometry : Geometry
        Grid of the image.
    numbers : iterable of int, optional
        ROIs to make; all of them where it is not given.

    Returns
    -------
    Parts
        By ROINumber; an ROI without contours has a block without voxels.
    dict of int to RoiFault
        ROIs that could not be made, and are no part: ``contours_not_closed``,
        ``malformed_contours``, ``contours_off_plane``, ``contours_beyond_grid``, and
        ``label_absent`` where the structure set has no such ROI. Also ``roi_without_contours``,
        which is a part nevertheless.
    """
    rois = {roi.number: roi for roi in structures.rois}
    blocks: dict[int, Block] = {}
    faults: dict[int, RoiFault] = {}
    for number in rois if numbers is None else numbers:
        roi = rois.get(number)
        if roi is None:
            faults[number] = RoiFault("label_absent", f"the structure set has no ROI {number}")
        elif roi.fault is not None:
            faults[number] = roi.fault
        elif not roi.contours:
            faults[number] = RoiFault("roi_without_contours", "nothing was drawn for it")
            blocks[number] = cut_out(np.zeros((0, 0, 0), dtype=np.bool_))
        else:
            try:
                blocks[number] = fill(roi.contours, geometry)
            except VolumeError as error:
                faults[number] = RoiFault(error.reason_code, error.message)
    return Parts(geometry, blocks), faults


def _referenced(dataset: Dataset) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """UIDs of the series, images and frames of reference of the whole structure set."""
    frames = dataset.get("ReferencedFrameOfReferenceSequence", [])
    studies = [study for frame in frames for study in frame.get("RTReferencedStudySequence", [])]
    series = [one for study in studies for one in study.get("RTReferencedSeriesSequence", [])]
    images = [image for one in series for image in one.get("ContourImageSequence", [])]
    return (
        uids_of(series, "SeriesInstanceUID"),
        uids_of(images, "ReferencedSOPInstanceUID"),
        uids_of([*frames, dataset], "FrameOfReferenceUID"),
    )


def _rois(dataset: Dataset) -> tuple[Roi, ...]:
    drawn: dict[int, list[Dataset]] = {}
    for item in dataset.ROIContourSequence:
        drawn.setdefault(int(item.ReferencedROINumber), []).append(item)
    types = {
        int(item.ReferencedROINumber): text_of(item, "RTROIInterpretedType")
        for item in dataset.get("RTROIObservationsSequence", [])
        if item.get("ReferencedROINumber") is not None
    }
    named: dict[int, list[Dataset]] = {}
    for item in dataset.StructureSetROISequence:
        named.setdefault(int(item.ROINumber), []).append(item)
    unnamed = RoiFault("malformed_contours", "it has contours, and is not among the ROIs")
    return (
        *(
            _roi(number, items, drawn.get(number, []), types.get(number))
            for number, items in named.items()
        ),
        *(Roi(number, "", fault=unnamed) for number in drawn if number not in named),
    )


def _roi(
    number: int, items: list[Dataset], drawn: list[Dataset], interpreted_type: str | None
) -> Roi:
    facts: dict[str, Any] = {
        "generation_algorithm": text_of(items[0], "ROIGenerationAlgorithm"),
        "interpreted_type": interpreted_type,
        "frame_of_reference_uid": text_of(items[0], "ReferencedFrameOfReferenceUID"),
    }
    name = text_of(items[0], "ROIName") or ""
    if len(items) > 1 or len(drawn) > 1:
        fault = RoiFault("malformed_contours", f"the number {number} stands for several ROIs")
        return Roi(number, name, **facts, fault=fault)
    try:
        contours = [item for one in drawn for item in one.get("ContourSequence", [])]
        return Roi(number, name, **facts, **_drawn(contours))
    except DAMAGE as error:
        fault = RoiFault("malformed_contours", f"its contours are damaged ({type(error).__name__})")
    except VolumeError as error:
        fault = RoiFault(error.reason_code, error.message)
    return Roi(number, name, **facts, fault=fault)


def _drawn(contours: list[Dataset]) -> Mapping[str, Any]:
    """Contours of an ROI, their kinds, and the images they were drawn on."""
    types = [str(contour.get("ContourGeometricType", "")) for contour in contours]
    n_open = sum(kind not in _CLOSED for kind in types)
    if n_open:
        kinds = ", ".join(sorted({kind or "of no kind" for kind in types} - _CLOSED))
        msg = f"{n_open} of {len(contours)} contours are not closed ({kinds})"
        raise VolumeError(msg, "contours_not_closed")
    images = [image for one in contours for image in one.get("ContourImageSequence", [])]
    return {
        "contours": tuple(_points(contour) for contour in contours),
        "geometric_types": tuple(sorted(set(types))),
        "sop_instance_uids": uids_of(images, "ReferencedSOPInstanceUID"),
    }


def _points(contour: Dataset) -> Points:
    from pydicom.dataelem import RawDataElement

    element = contour.get_item(_CONTOUR_DATA)
    # pydicom makes a decimal object of every number, which takes ten times as long
    raw = isinstance(element, RawDataElement)
    written = (element.value or b"").split(b"\\") if raw else contour.ContourData
    numbers = np.array([float(number) for number in written], dtype=np.float64)
    if numbers.size % 3 or not numbers.size:
        msg = f"a contour has {numbers.size} coordinates, which make no points"
        raise VolumeError(msg, "malformed_contours")
    # also false for what is no number
    if not np.abs(numbers).max() <= _FARTHEST_MM:
        msg = "a contour has coordinates that are no places in a patient"
        raise VolumeError(msg, "malformed_contours")
    n_stated = contour.get("NumberOfContourPoints")
    if n_stated is not None and int(n_stated) * 3 != numbers.size:
        msg = f"a contour has {numbers.size // 3} points where it states {n_stated}"
        raise VolumeError(msg, "malformed_contours")
    return numbers.reshape(-1, 3)
