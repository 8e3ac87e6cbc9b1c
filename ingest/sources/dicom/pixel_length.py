"""Whether a file holds the pixels that its header promises: neither fewer nor a bomb."""

from __future__ import annotations

from dataclasses import dataclass

from roentgene.ingest.sources.dicom.framing import NATIVE, Framed

#: No pixel data are longer: native ones have a length of 32 bits.
LARGEST_PIXEL_BYTES = 2**32
#: Compressed pixel data that unpack to more than ``BLANK_BYTES`` are not packed tighter than
#: this; an even slice of one value is, but no volume is made of those.
TIGHTEST_PACKING = 1000
BLANK_BYTES = 2**26


@dataclass(frozen=True)
class Fault:
    """What is wrong with a file.

    Parameters
    ----------
    reason_code : str
        Code of ``reason_codes.yaml``.
    detail : str
        What was found, without a value that names a person.
    """

    reason_code: str
    detail: str


@dataclass(frozen=True)
class Promise:
    """The pixels that a header promises.

    Parameters
    ----------
    rows, columns, frames, samples : int
        Size, and values a pixel.
    bits : int
        Bits that a value takes.
    """

    rows: int
    columns: int
    frames: int
    samples: int
    bits: int

    @property
    def n_bytes(self) -> int:
        """Length of the pixels, unpacked."""
        return -(-self.rows * self.columns * self.frames * self.samples * self.bits // 8)

    @property
    def line_bytes(self) -> int:
        """Length of the shorter of a row and a column."""
        return min(self.rows, self.columns) * self.samples * self.bits // 8


def pixel_fault(framed: Framed, promise: Promise) -> Fault | None:
    """Compare the pixel data of a file with its header.

    Parameters
    ----------
    framed : Framed
        The file, with pixel data.
    promise : Promise
        What the header says.

    Returns
    -------
    Fault or None
        ``pixel_header_mismatch`` if size and number of frames cannot be those of the pixel data,
        ``unreadable_dicom`` if these are cut off.
    """
    pixels = framed.pixels
    if pixels is None:
        return None
    size = f"{promise.rows} rows x {promise.columns} columns x {promise.frames} frames"
    if min(promise.rows, promise.columns, promise.frames, promise.samples, promise.bits) < 1:
        return Fault("pixel_header_mismatch", f"its header promises {size}")
    if promise.n_bytes > LARGEST_PIXEL_BYTES:
        detail = f"its header promises {size}, which is more than {LARGEST_PIXEL_BYTES} bytes"
        return Fault("pixel_header_mismatch", detail)
    if framed.transfer_syntax in NATIVE:
        declared = pixels.declared
        if declared is None:
            detail = "its pixel data stand in fragments though they are not compressed"
            return Fault("unreadable_dicom", detail)
        # some writers fill up at the end, but with less than a line of the image; all of them to
        # an even length
        excess = declared - promise.n_bytes
        if not 0 <= excess <= max(promise.line_bytes, 1):
            detail = (
                f"its header promises {size}, {promise.n_bytes} bytes, "
                f"and its pixel data have {declared}"
            )
            return Fault("pixel_header_mismatch", detail)
    elif pixels.declared is not None:
        return Fault("unreadable_dicom", "its compressed pixel data do not stand in fragments")
    if not pixels.complete:
        of = "" if pixels.declared is None else f" of {pixels.declared}"
        detail = f"its pixel data are cut off after {pixels.held}{of} bytes"
        return Fault("unreadable_dicom", detail)
    if promise.n_bytes > max(BLANK_BYTES, pixels.held * TIGHTEST_PACKING):
        detail = (
            f"its header promises {size}, {promise.n_bytes} bytes, "
            f"and its compressed pixel data have {pixels.held}"
        )
        return Fault("pixel_header_mismatch", detail)
    return None
