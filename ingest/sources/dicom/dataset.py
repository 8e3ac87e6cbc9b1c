"""Reading of one DICOM object that holds regions, whole or not at all."""

from __future__ import annotations

import logging
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from roentgene.ingest.sources.dicom.framing import Framed, take_apart
from roentgene.ingest.sources.dicom.pixel_length import Promise, pixel_fault
from roentgene.ingest.sources.volume import VolumeError

if TYPE_CHECKING:
    from pydicom import Dataset

#: What pydicom and highdicom raise over an object that is not what it should be.
DAMAGE = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)

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

    with damage_named(), path.open("rb") as stream:
        framed = take_apart(stream, lambda _: [_SOP_CLASS_UID])
        if framed is None:
            msg = "it is no DICOM file"
            raise VolumeError(msg, "unreadable_mask")
        if framed.cut_off:
            msg = "the file is cut off"
            raise VolumeError(msg, "unreadable_mask")
        stream.seek(0)
        dataset = dcmread(stream, stop_before_pixels=without_pixels)
        if framed.pixels is not None:
            _check_pixels(framed, dataset)
    return dataset


@contextmanager
def damage_named() -> Iterator[None]:
    """Turn what reading raises into a :class:`VolumeError` (``unreadable_mask``).

    Messages and warnings of the libraries are left out, for they quote values of the header.
    """
    log = logging.getLogger("pydicom")
    before = log.level
    log.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except VolumeError as error:
        if error.reason_code != "unreadable_dicom":
            raise
        raise VolumeError(error.message, "unreadable_mask") from None
    except FileNotFoundError as error:
        raise VolumeError(error.strerror or "there is no such file", "unreadable_mask") from None
    except DAMAGE as error:
        msg = f"it is damaged, or lacks what such an object must have ({type(error).__name__})"
        raise VolumeError(msg, "unreadable_mask") from None
    finally:
        log.setLevel(before)


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
