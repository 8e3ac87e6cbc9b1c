"""The regions that DICOM structure sets and segmentations hold, and the series they lie on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from roentgene.ingest.planning.dicom_names import Shown, shown_by
from roentgene.ingest.sources.dicom.header import Header
from roentgene.ingest.sources.dicom.linking import (
    Link,
    References,
    SeriesIdentity,
    Unlinked,
    link,
)
from roentgene.ingest.sources.dicom.segmentation_object import list_segments, segment_references
from roentgene.ingest.sources.dicom.structure_set import StructureSet, read_structure_set
from roentgene.ingest.sources.volume import VolumeError
from roentgene.schemas.cohort import ImageSource
from roentgene.schemas.words import DicomMaskKind


@dataclass(frozen=True)
class Part:
    """An ROI or a segment: what it shows, and what it was drawn on."""

    number: int
    shown: Shown
    references: References


@dataclass(frozen=True)
class MaskFile:
    """A structure set or a segmentation.

    Parameters
    ----------
    header : Header
        Its header.
    kind : {'structure_set', 'segmentation_object'}
        What it is.
    parts : tuple of Part
        Its ROIs or segments but for those that are left out.
    """

    header: Header
    kind: DicomMaskKind
    parts: tuple[Part, ...]

    @property
    def path(self) -> Path:
        """The file."""
        return self.header.path


class Linked(NamedTuple):
    """Parts of a mask that lie on one series and show one lesion."""

    series: SeriesIdentity
    rule: str
    lesion_id: str | None
    labels: Mapping[int, str]


def read_mask_file(
    header: Header, kind: DicomMaskKind, source: ImageSource
) -> MaskFile | VolumeError:
    """Read which regions a file holds, and none of their voxels.

    Parameters
    ----------
    header : Header
        Of the file.
    kind : {'structure_set', 'segmentation_object'}
        What it is.
    source : ImageSource
        What the cohort file calls regions.

    Returns
    -------
    MaskFile or VolumeError
        Why it cannot be read, if it cannot.
    """
    try:
        if kind == "structure_set":
            named = list(_rois(read_structure_set(header.path)))
        else:
            of_all = segment_references(header.path)
            named = [(one.number, one.label, of_all) for one in list_segments(header.path)]
    except VolumeError as error:
        return error
    parts = (
        Part(number, shown, references)
        for number, name, references in named
        if (shown := shown_by(name, source)) is not None
    )
    return MaskFile(header, kind, tuple(parts))


def _rois(structures: StructureSet) -> Iterator[tuple[int, str, References]]:
    for roi in structures.rois:
        yield roi.number, roi.name, structures.references(roi.number)


def link_parts(
    mask: MaskFile, series: Sequence[SeriesIdentity]
) -> tuple[list[Linked], list[Unlinked]]:
    """Find the series of each part, and bring together what lies on one and shows one lesion.

    Parameters
    ----------
    mask : MaskFile
        The mask.
    series : sequence of SeriesIdentity
        Series of its patient.

    Returns
    -------
    list of Linked
    list of Unlinked
        Each reason once, however many parts it keeps out.
    """
    by_uid = {one.series_uid: one for one in series}
    grouped: dict[tuple[str, str, str | None], dict[int, str]] = defaultdict(dict)
    unlinked: dict[Unlinked, None] = {}
    # parts mostly refer to the same, and to compare thousands of images for each takes time
    found: dict[References, Link | Unlinked] = {}
    for part in mask.parts:
        if part.references not in found:
            found[part.references] = link(part.references, series)
        linked = found[part.references]
        if isinstance(linked, Unlinked):
            unlinked[linked] = None
        else:
            key = (linked.series_uid, linked.rule, part.shown.lesion_id)
            grouped[key][part.number] = part.shown.region
    return [
        Linked(by_uid[uid], rule, lesion, labels) for (uid, rule, lesion), labels in grouped.items()
    ], list(unlinked)
