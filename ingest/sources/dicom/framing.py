"""How the bytes of a DICOM file lie: preamble, file meta information, data set, pixel data.

What pydicom passes over is found here: a file that is cut off, and a deflated data set that would
fill the memory. No pixel is read.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from io import SEEK_SET, BytesIO
from typing import TYPE_CHECKING, BinaryIO, cast

from roentgene.ingest.sources.volume import VolumeError

if TYPE_CHECKING:
    from pydicom.dataset import Dataset
    from pydicom.tag import BaseTag

#: A deflated data set is never inflated beyond this many bytes.
LARGEST_INFLATED = 2**29

IMPLICIT_LITTLE = "1.2.840.10008.1.2"
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
EXPLICIT_BIG = "1.2.840.10008.1.2.2"
DEFLATED = "1.2.840.10008.1.2.1.99"
#: Transfer syntaxes whose pixel data are the plain voxels (PS3.5, annex A).
NATIVE = frozenset((IMPLICIT_LITTLE, EXPLICIT_LITTLE, EXPLICIT_BIG, DEFLATED))

_PREAMBLE_BYTES = 128
_MAGIC = b"DICM"
# first elements of a data set that stands in a file without preamble
_WITHOUT_PREAMBLE = frozenset(
    struct.pack("<HH", group, element)
    for group, element in ((2, 0), (2, 1), (8, 0), (8, 1), (8, 5), (8, 8), (8, 0x16))
)
_MEDIA_STORAGE = 0x0002
_TRANSFER_SYNTAX = 0x0010
_LONG_VRS = frozenset((b"OB", b"OW", b"OF", b"OD", b"OL", b"SQ", b"UN", b"UT", b"UC", b"UR"))
_LONGEST_META_VALUE = 2**20
# integers, single and double precision (PS3.3 C.7.6.24, C.7.6.25)
_PIXEL_DATA = frozenset((0x7FE00010, 0x7FE00008, 0x7FE00009))
_UNDEFINED = 0xFFFFFFFF
_ITEM, _END_OF_ITEMS = (0xFFFE, 0xE000), (0xFFFE, 0xE0DD)
# of the inflated bytes so many are kept to read the header from
_HEADER_BYTES = 2**26
_CHUNK = 2**20


@dataclass(frozen=True)
class Pixels:
    """Where the pixel data of a file end.

    Parameters
    ----------
    declared : int or None
        Their length in bytes as their element gives it; None where they stand in fragments.
    held : int
        Bytes of them that the file holds.
    complete : bool
        Whether the file holds all of them: up to the declared length or the last fragment.
    """

    declared: int | None
    held: int
    complete: bool


@dataclass(frozen=True)
class Framed:
    """A DICOM file taken apart.

    Parameters
    ----------
    media_storage, transfer_syntax : str
        UIDs of the file meta information.
    dataset : pydicom.dataset.Dataset
        The elements that were asked for.
    pixels : Pixels or None
        None where there are no pixel data.
    cut_off : bool
        Whether the data set stops before its end; it then holds what could be read.
    """

    media_storage: str
    transfer_syntax: str
    dataset: Dataset
    pixels: Pixels | None
    cut_off: bool


def take_apart(stream: BinaryIO, tags: Callable[[str], list[int]]) -> Framed | None:
    """Read the file meta information and chosen elements of a DICOM file.

    Parameters
    ----------
    stream : binary file
        Opened at its start.
    tags : callable
        SOP class UID to the tags of the elements that are wanted.

    Returns
    -------
    Framed or None
        None for a file that is no DICOM file at all.

    Raises
    ------
    VolumeError
        ``unreadable_dicom`` if it is damaged, ``pixel_header_mismatch`` if it is deflated and
        inflates beyond :data:`LARGEST_INFLATED`.
    """
    start = stream.read(_PREAMBLE_BYTES + len(_MAGIC))
    if start[_PREAMBLE_BYTES:] != _MAGIC:
        if start[:4] in _WITHOUT_PREAMBLE:
            msg = "its elements stand there without the preamble that makes it a DICOM file"
            raise VolumeError(msg, "unreadable_dicom")
        return None
    meta = _file_meta(stream)
    try:
        media_storage, syntax = (
            meta[element].rstrip(b"\0 ").decode("ascii")
            for element in (_MEDIA_STORAGE, _TRANSFER_SYNTAX)
        )
    except (KeyError, UnicodeDecodeError):
        msg = "its file meta information names no SOP class or no transfer syntax"
        raise VolumeError(msg, "unreadable_dicom") from None
    if syntax == DEFLATED:
        kept, size = _inflate(stream)
        followed = _Followed(BytesIO(kept), size)
    else:
        followed = _Followed(stream, os.fstat(stream.fileno()).st_size)
    dataset = followed.read_dataset(syntax, tags(media_storage))
    cut_off = followed.ended_early or _last_value_is_short(dataset)
    pixels = None if cut_off else followed.read_pixels(*dataset.original_encoding)
    return Framed(media_storage, syntax, dataset, pixels, cut_off)


class _Followed:
    """A stream that notices when somebody reads or seeks behind its end."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream = stream
        self._size = size
        self._beyond = False
        self._partial = False
        self.tell = stream.tell

    @property
    def ended_early(self) -> bool:
        """Whether the end lay within an element."""
        return self._beyond or self._partial

    def read(self, n_bytes: int) -> bytes:
        """Read as any stream does."""
        found = self._stream.read(n_bytes)
        # only the last read counts: long values are looked for in chunks
        self._partial = 0 < len(found) < n_bytes
        return found

    def seek(self, offset: int, whence: int = SEEK_SET) -> int:
        """Seek as any stream does."""
        position = self._stream.seek(offset, whence)
        self._beyond |= position > self._size
        return position

    def read_dataset(self, syntax: str, tags: list[int]) -> Dataset:
        """Elements up to the pixel data, empty if the data set is damaged beyond reading."""
        from pydicom.filereader import read_dataset

        try:
            return read_dataset(
                cast(BinaryIO, self),
                is_implicit_VR=syntax == IMPLICIT_LITTLE,
                is_little_endian=syntax != EXPLICIT_BIG,
                stop_when=_at_pixel_data,
                specific_tags=list(tags),
            )
        except EOFError:
            msg = "it is cut off within a sequence"
        except Exception as error:
            # pydicom meets damage with whatever error its next line raises; their texts hold
            # values of the header
            msg = f"its elements are damaged ({type(error).__name__})"
        raise VolumeError(msg, "unreadable_dicom")

    def read_pixels(self, implicit: bool | None, little: bool | None) -> Pixels | None:
        """Measure the pixel data, the stream standing in front of their element."""
        head = self._stream.read(8)
        if len(head) < 8:
            return None
        of_length = head[4:] if implicit else self._stream.read(4)
        length = int.from_bytes(of_length, "little" if little else "big")
        if length == _UNDEFINED:
            return self._read_fragments()
        held = max(self._size - self._stream.tell(), 0)
        return Pixels(length, min(length, held), length <= held)

    def _read_fragments(self) -> Pixels:
        """Walk over the fragments of compressed pixel data (PS3.5, A.4)."""
        held = 0
        while len(head := self._stream.read(8)) == 8:
            group, element, length = struct.unpack("<HHI", head)
            if (group, element) == _END_OF_ITEMS:
                return Pixels(None, held, complete=True)
            end = self._stream.tell() + length
            if (group, element) != _ITEM or end > self._size:
                break
            held += length
            self._stream.seek(end)
        return Pixels(None, held, complete=False)


def _at_pixel_data(tag: BaseTag, vr: str | None, length: int) -> bool:
    return tag in _PIXEL_DATA


def _last_value_is_short(dataset: Dataset) -> bool:
    """Whether the file ends within the value that was read last."""
    for tag in reversed(sorted(dataset.keys())):
        element = dataset.get_item(tag)
        length, value = getattr(element, "length", 0), getattr(element, "value", None)
        if length == _UNDEFINED or not isinstance(value, bytes):
            return False
        return len(value) < length
    return False


def _file_meta(stream: BinaryIO) -> dict[int, bytes]:
    """Values of group 0002 by element; the stream is left where the data set starts."""
    found: dict[int, bytes] = {}
    while len(head := stream.read(8)) == 8:
        group, element, vr, length = struct.unpack("<HH2sH", head)
        if group != 2:
            stream.seek(-8, os.SEEK_CUR)
            return found
        if not vr.isalpha():
            # some writers forget that this group is explicit always
            length = struct.unpack("<I", head[4:])[0]
        elif vr in _LONG_VRS:
            length = int.from_bytes(stream.read(4), "little")
        if length > _LONGEST_META_VALUE:
            break
        found[element] = stream.read(length)
    msg = "it is cut off or damaged within its file meta information"
    raise VolumeError(msg, "unreadable_dicom")


def _inflate(stream: BinaryIO) -> tuple[bytes, int]:
    """Start of a deflated data set (PS3.5, A.5), and the length of the whole of it."""
    inflating = zlib.decompressobj(-zlib.MAX_WBITS)
    kept, size = bytearray(), 0
    pending = b""
    while not inflating.eof:
        pending = pending or stream.read(_CHUNK)
        try:
            part = inflating.decompress(pending, _CHUNK)
        except zlib.error:
            part, pending = b"", b""
        if not part and not pending:
            msg = "its deflated data set is damaged or cut off"
            raise VolumeError(msg, "unreadable_dicom")
        pending = inflating.unconsumed_tail
        size += len(part)
        if size > LARGEST_INFLATED:
            msg = f"its deflated data set inflates to more than {LARGEST_INFLATED} bytes"
            raise VolumeError(msg, "pixel_header_mismatch")
        if len(kept) < _HEADER_BYTES:
            kept += part
    return bytes(kept), size
