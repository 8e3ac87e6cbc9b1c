"""Whether a MetaImage file holds the voxels that its header promises.

ITK prints that it could not unpack damaged voxels, and goes on with what it has.
"""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_CHUNK = 1 << 20
_LONGEST_HEADER = 1 << 16
_VOXELS = "ElementDataFile"
_HERE = "LOCAL"
_TRUE = frozenset({"true", "t", "1"})
# zlib and gzip alike
_ANY_WINDOW = 47
_VOXEL_BYTES = {
    "MET_CHAR": 1,
    "MET_UCHAR": 1,
    "MET_SHORT": 2,
    "MET_USHORT": 2,
    "MET_INT": 4,
    "MET_UINT": 4,
    "MET_LONG": 4,
    "MET_ULONG": 4,
    "MET_LONG_LONG": 8,
    "MET_ULONG_LONG": 8,
    "MET_FLOAT": 4,
    "MET_DOUBLE": 8,
}


@dataclass(frozen=True)
class _Header:
    fields: dict[str, str]
    n_bytes: int

    def says(self, name: str, default: bool) -> bool:
        value = self.fields.get(name)
        return default if value is None else value.lower() in _TRUE


def is_detached(path: Path) -> bool:
    """Whether the header is in this file and the voxels are in another.

    Parameters
    ----------
    path : Path
        A ``.mha`` or ``.mhd`` file.
    """
    header = _read_header(path)
    return header is not None and header.fields[_VOXELS].upper() != _HERE


def fault(path: Path) -> str | None:
    """Find what is missing or damaged in a MetaImage file whose voxels follow the header.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    str or None
        One line, or None. A header that is not understood is left to the reader, which refuses it.
    """
    header = _read_header(path)
    promised = _promised_bytes(header) if header is not None else None
    if header is None or promised is None or not header.says("BinaryData", default=False):
        return None
    if header.says("CompressedData", default=False):
        try:
            with path.open("rb") as stream:
                stream.seek(header.n_bytes)
                stored = _unpacked_bytes(stream, promised)
        except zlib.error as error:
            return f"the compressed data are damaged ({error})"
    else:
        stored = path.stat().st_size - header.n_bytes
    return None if stored >= promised else f"the file is cut off: {stored} of {promised} bytes"


def _unpacked_bytes(stream: BinaryIO, wanted: int) -> int:
    """Count what compressed voxels unpack to, no further than wanted."""
    unpacking = zlib.decompressobj(_ANY_WINDOW)
    n_bytes = 0
    while n_bytes <= wanted and not unpacking.eof:
        packed = unpacking.unconsumed_tail or stream.read(_CHUNK)
        if not packed:
            break
        n_bytes += len(unpacking.decompress(packed, _CHUNK))
    return n_bytes


def _read_header(path: Path) -> _Header | None:
    with path.open("rb") as stream:
        start = stream.read(_LONGEST_HEADER)
    fields: dict[str, str] = {}
    n_bytes = 0
    for line in start.splitlines(keepends=True):
        name, is_field, value = line.decode("latin-1").partition("=")
        if not is_field:
            return None
        n_bytes += len(line)
        fields[name.strip()] = value.strip()
        # the last line of every header
        if name.strip() == _VOXELS:
            return _Header(fields, n_bytes)
    return None


def _promised_bytes(header: _Header) -> int | None:
    voxel_bytes = _VOXEL_BYTES.get(header.fields.get("ElementType", "").upper())
    sizes = header.fields.get("DimSize", "").split()
    channels = header.fields.get("ElementNumberOfChannels", "1")
    if voxel_bytes is None or not sizes or not all(n.isdecimal() for n in (*sizes, channels)):
        return None
    return math.prod(map(int, sizes)) * int(channels) * voxel_bytes
