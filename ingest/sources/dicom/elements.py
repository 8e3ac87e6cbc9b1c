"""Values of header elements by keyword, None where they are missing or no such value."""

from __future__ import annotations

import math
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any

from roentgene.ingest.sources.dicom import acquisition
from roentgene.ingest.sources.dicom.sop_classes import MULTI_FRAME

if TYPE_CHECKING:
    from pydicom.dataset import Dataset
    from pydicom.tag import BaseTag

Three = tuple[float, float, float]

_KEYWORDS = (
    "SOPClassUID",
    "SOPInstanceUID",
    "Modality",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "FrameOfReferenceUID",
    "PatientID",
    "IssuerOfPatientID",
    "PatientBirthDate",
    "PatientSex",
    "SeriesDescription",
    "SeriesNumber",
    "StudyDate",
    "Rows",
    "Columns",
    "NumberOfFrames",
    "SamplesPerPixel",
    "BitsAllocated",
    "BitsStored",
    "PixelRepresentation",
    "ImageType",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "PixelSpacing",
    "RescaleSlope",
    "RescaleIntercept",
    "TemporalPositionIdentifier",
    "DiffusionBValue",
    "TriggerTime",
    "FrameReferenceTime",
    "AcquisitionNumber",
    *acquisition.KEYWORDS,
)
_FUNCTIONAL_GROUPS = ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence")


def wanted_tags(sop_class_uid: str) -> list[int]:
    """Tags of the elements that a header is made of.

    The functional groups of a segmentation take long to read and say nothing of it here.

    Parameters
    ----------
    sop_class_uid : str
        What the file is.
    """
    return _tags(sop_class_uid in MULTI_FRAME)


@cache
def _tags(of_frames: bool) -> list[int]:
    keywords = (*_KEYWORDS, *(_FUNCTIONAL_GROUPS if of_frames else ()))
    return [_tag(keyword) for keyword in keywords]


@cache
def _tag(keyword: str) -> BaseTag:
    from pydicom.tag import Tag

    # tags are looked up once, for that takes longer than to read the element
    return Tag(keyword)


class Elements:
    """Elements of one or several data sets, the first that has one being right.

    Parameters
    ----------
    *datasets : pydicom.dataset.Dataset
        The data sets.
    """

    def __init__(self, *datasets: Dataset) -> None:
        self._datasets = datasets

    def value(self, keyword: str) -> Any:
        """Give a value as pydicom does; None where it is missing, empty or malformed."""
        return self._at(_tag(keyword))

    def _at(self, tag: BaseTag) -> Any:
        for dataset in self._datasets:
            found = None
            # no such element, or a malformed value: its conversion raises what it meets
            with suppress(Exception):
                found = dataset[tag].value
            if found is not None and found != "":
                return found
        return None

    def text(self, keyword: str) -> str | None:
        """Give text without surrounding spaces; several values stay joined by a backslash."""
        return _as_text(self.value(keyword))

    def private_text(self, tag: int) -> str | None:
        """Give text of a private element, which has a number and no keyword."""
        from pydicom.tag import Tag

        return _as_text(self._at(Tag(tag)))

    def required(self, keyword: str) -> str:
        """Give text that must be there; a ValueError says which is not."""
        found = self.text(keyword)
        if found is None:
            msg = f"it has no {keyword}"
            raise ValueError(msg)
        return found

    def words(self, keyword: str) -> tuple[str, ...]:
        """Give the values of a text that may have several."""
        found = self.text(keyword)
        return () if found is None else tuple(word.strip() for word in found.split("\\"))

    def numbers(self, keyword: str, n: int) -> tuple[float, ...] | None:
        """Give so many finite numbers."""
        found = self.value(keyword)
        if isinstance(found, str) or not hasattr(found, "__len__") or len(found) != n:
            return None
        return _finite(found)

    def number(self, keyword: str) -> float | None:
        """Give a finite number."""
        found = _finite([self.value(keyword)])
        return None if found is None else found[0]

    def number_or(self, keyword: str, otherwise: float) -> float | None:
        """Give a finite number, or what holds where none is given; None for what is no number."""
        found = self.number(keyword)
        return otherwise if found is None and not self._is_given(keyword) else found

    def _is_given(self, keyword: str) -> bool:
        tag = _tag(keyword)
        raw = [dataset.get_item(tag) for dataset in self._datasets if tag in dataset]
        values = [None if element is None else element.value for element in raw]
        return any(
            bool(value.strip()) if isinstance(value, bytes | str) else value is not None
            for value in values
        )

    def whole(self, keyword: str) -> int | None:
        """Give a whole number."""
        found = self.number(keyword)
        return None if found is None or not found.is_integer() else int(found)


def _as_text(found: Any) -> str | None:
    if found is None:
        return None
    if isinstance(found, bytes):
        # of an implicit transfer syntax, where nothing says what a private element is
        found = found.decode("ascii", errors="replace")
    elif not isinstance(found, str) and hasattr(found, "__iter__"):
        found = "\\".join(map(str, found))
    return str(found).strip(" \0") or None


def _finite(found: Any) -> tuple[float, ...] | None:
    try:
        numbers = tuple(float(value) for value in found)
    except (TypeError, ValueError):
        return None
    return numbers if all(map(math.isfinite, numbers)) else None


def functional_groups(dataset: Dataset) -> tuple[list[Dataset], list[list[Dataset]]]:
    """Find the items of the functional groups of a multi-frame image (PS3.3, C.7.6.16).

    Parameters
    ----------
    dataset : pydicom.dataset.Dataset
        The header.

    Returns
    -------
    shared : list of Dataset
        What all frames share, such as their pixel spacing.
    of_frames : list of list of Dataset
        What each frame has of its own, such as its position, in the order of the file.

    Raises
    ------
    ValueError
        If they are damaged.
    """
    try:
        shared, of_frames = (
            [_items(group) for group in dataset.get(keyword, ())] for keyword in _FUNCTIONAL_GROUPS
        )
    except Exception as error:
        # pydicom reads a sequence when it is asked for, and raises what it meets
        msg = f"its functional groups are damaged ({type(error).__name__})"
        raise ValueError(msg) from None
    return [item for items in shared for item in items], of_frames


def _items(group: Dataset) -> list[Dataset]:
    """First item of each sequence of a functional group; all but a few have one only."""
    return [element.value[0] for element in group if element.VR == "SQ" and element.value]
