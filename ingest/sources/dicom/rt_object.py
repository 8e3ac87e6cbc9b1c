"""What RT Dose and RT Plan files share: reading of chosen elements."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from roentgene.ingest.sources.dicom.damage import damage_named
from roentgene.ingest.sources.dicom.elements import Elements
from roentgene.ingest.sources.dicom.framing import Framed, take_apart
from roentgene.ingest.sources.volume import VolumeError

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


def read_elements(
    path: Path, what: str, sop_classes: Collection[str], keywords: Collection[str]
) -> Framed:
    """Read chosen elements of a file; no other is looked at.

    Their values are converted when they are used, which
    :func:`roentgene.ingest.sources.dicom.damage.damage_named` is to surround.

    Parameters
    ----------
    path : Path
        The file.
    what : str
        What it must be, for the message: RT Dose.
    sop_classes : collection of str
        UIDs of the SOP classes that are that.
    keywords : collection of str
        Names of the elements.

    Raises
    ------
    VolumeError
        ``unreadable_dicom`` if the file is missing, damaged, cut off or something else.
    """
    from pydicom.tag import Tag

    tags: list[int] = [Tag(keyword) for keyword in keywords]
    with damage_named(), path.open("rb") as stream:
        framed = take_apart(stream, lambda _: tags)
    if framed is None or framed.media_storage not in sop_classes:
        msg = f"it is no {what} object"
        raise VolumeError(msg, "unreadable_dicom")
    if framed.cut_off:
        msg = "the file is cut off"
        raise VolumeError(msg, "unreadable_dicom")
    return framed


def items(dataset: Dataset, keyword: str) -> list[Dataset]:
    """Items of a sequence; none where it is missing or empty."""
    return list(dataset.get(keyword) or ())


def referenced(dataset: Dataset, keyword: str) -> tuple[str, ...]:
    """SOP instance UIDs that a sequence refers to, each once."""
    found = [Elements(item).text("ReferencedSOPInstanceUID") for item in items(dataset, keyword)]
    return tuple(dict.fromkeys(uid for uid in found if uid is not None))
