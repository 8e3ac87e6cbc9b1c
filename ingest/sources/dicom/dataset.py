"""Reading of one DICOM object that holds regions, whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from roentgene.ingest.sources.dicom.damage import damage_named
from roentgene.ingest.sources.dicom.framing import Framed, take_apart
from roentgene.ingest.sources.dicom.pixel_length import Promise, pixel_fault
from roentgene.ingest.sources.volume import VolumeError

if TYPE_CHECKING:
    from pydicom import Dataset

#: Reason code of a file of regions that is missing or damaged.
OF_REGIONS = "unreadable_mask"
_SOP_CLASS_UID = 0x00080016


def read_dataset(path: Path, *, without_pixels: bool = False) -> Dataset:
    """Read a DICOM file that holds regions.

    Parameters
    ----------
    path : Path
        The file.
    without_pixels : bool
        Whether to stop before the pixel data.

    Returns
    -------
    pydicom.Dataset
        The whole of it: what pydicom does not say is missing is looked for before.

    Raises
    ------
    VolumeError
        ``unreadable_mask`` if the file is missing, cut off, damaged or no DICOM file;
        ``pixel_header_mismatch`` if it cannot hold the pixels that its header promises, or would
        fill the memory.
    """
    from pydicom import dcmread

    with damage_named(OF_REGIONS), path.open("rb") as stream:
        framed = take_apart(stream, lambda _: [_SOP_CLASS_UID])
        if framed is None:
            msg = "it is no DICOM file"
            raise VolumeError(msg, OF_REGIONS)
        if framed.cut_off:
            msg = "the file is cut off"
            raise VolumeError(msg, OF_REGIONS)
        stream.seek(0)
        dataset = dcmread(stream, stop_before_pixels=without_pixels)
        if framed.pixels is not None:
            _check_pixels(framed, dataset)
    return dataset


def text_of(item: Dataset, keyword: str) -> str | None:
    """Text of an element without the blanks around it; None where it is missing or empty."""
    value = item.get(keyword)
    return str(value).strip() or None if value is not None else None


def uids_of(items: Iterable[Dataset], keyword: str) -> frozenset[str]:
    """UIDs that several items give, each once."""
    return frozenset(str(uid) for item in items if (uid := item.get(keyword)))


def _check_pixels(framed: Framed, dataset: Dataset) -> None:
    promise = Promise(
        int(dataset.Rows),
        int(dataset.Columns),
        int(dataset.get("NumberOfFrames") or 1),
        int(dataset.get("SamplesPerPixel") or 1),
        int(dataset.BitsAllocated),
    )
    fault = pixel_fault(framed, promise)
    if fault is not None:
        raise VolumeError(fault.detail, fault.reason_code)
