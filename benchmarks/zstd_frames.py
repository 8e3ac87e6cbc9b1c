"""Frames of zstd in the midst of other bytes: pages of Parquet that no footer need name any more.

Where a frame ends stands in the headers of its blocks (RFC 8878). It is cut out before it is
decompressed, for a decoder that meets what follows gives nothing of what came before.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

_MAGIC = b"\x28\xb5\x2f\xfd"
_SIZES_OF_CONTENT = (0, 2, 4, 8)
_SIZES_OF_DICTIONARY = (0, 1, 2, 4)
_REPEATED, _RESERVED = 1, 3


def contents_of_frames(content: bytes) -> Iterator[bytes]:
    """Decompress everything that is a frame, whether a reader of the file would look there or not.

    Examples
    --------
    >>> frame = pa.compress(b"somebody", codec="zstd", asbytes=True)
    >>> list(contents_of_frames(b"PAR1" + frame + frame + b"no frame" + frame[:5]))
    [b'somebody', b'somebody']
    """
    place = content.find(_MAGIC)
    while place >= 0:
        try:
            frame = content[place : _end_of_frame(content, place)]
            with pa.input_stream(pa.BufferReader(frame), compression="zstd") as stream:
                yield stream.read()
        except (IndexError, OSError):
            pass  # bytes that happen to begin like one
        place = content.find(_MAGIC, place + 1)


def _end_of_frame(content: bytes, place: int) -> int:
    """Walk over the blocks; IndexError where it is none, or cut off."""
    said = content[place + len(_MAGIC)]
    is_single_segment = bool(said & 0x20)
    size_of_content = _SIZES_OF_CONTENT[said >> 6] or int(is_single_segment)
    here = place + len(_MAGIC) + 1 + int(not is_single_segment)
    here += _SIZES_OF_DICTIONARY[said & 0x03] + size_of_content
    is_last = False
    while not is_last:
        first, second, third = content[here], content[here + 1], content[here + 2]
        header = first | second << 8 | third << 16
        is_last, kind, size = bool(header & 1), header >> 1 & 0x03, header >> 3
        if kind == _RESERVED:
            raise IndexError
        here += 3 + (1 if kind == _REPEATED else size)
    here += 4 if said & 0x04 else 0  # checksum
    if here > len(content):
        raise IndexError
    return here
