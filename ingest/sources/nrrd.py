"""Whether a NRRD file can hold the voxels that its header promises.

ITK makes room for all of them before it looks for the first, so that a header of a few bytes can
take the memory of the machine.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

#: What deflate makes of one byte at the most (RFC 1951: 258 bytes by two bits).
DEFLATE_RATIO = 1032

_LONGEST_HEADER = 1 << 16
_MAGIC = b"NRRD"
_DATA_FILE = ("data file", "datafile")
# as teem names the types
_VOXEL_BYTES = {
    1: "char, signed char, int8, int8_t, uchar, unsigned char, uint8, uint8_t",
    2: "short, short int, signed short, signed short int, int16, int16_t, "
    "ushort, unsigned short, unsigned short int, uint16, uint16_t",
    4: "int, signed int, int32, int32_t, uint, unsigned int, uint32, uint32_t, float",
    8: "longlong, long long, long long int, signed long long, signed long long int, "
    "int64, int64_t, ulonglong, unsigned long long, unsigned long long int, "
    "uint64, uint64_t, double",
}
_BYTES_OF = {name: n_bytes for n_bytes, names in _VOXEL_BYTES.items() for name in names.split(", ")}


@dataclass(frozen=True)
class _Header:
    fields: dict[str, str]
    n_bytes: int


def is_detached(path: Path) -> bool:
    """Whether the header is in this file and the voxels are in another.

    Parameters
    ----------
    path : Path
        A ``.nrrd`` or ``.nhdr`` file.
    """
    header = _read_header(path)
    return header is not None and any(name in header.fields for name in _DATA_FILE)


def fault(path: Path) -> str | None:
    """Find what is missing in a NRRD file whose voxels follow the header.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    str or None
        One line, or None. Damage within compressed voxels, and a header that is not understood,
        are left to the reader, which refuses them.
    """
    header = _read_header(path)
    promised = _promised_bytes(header) if header is not None else None
    if header is None or promised is None:
        return None
    stored = path.stat().st_size - header.n_bytes
    if header.fields.get("encoding") == "raw" and stored < promised:
        return f"the file is cut off: {stored} of {promised} bytes"
    if stored * DEFLATE_RATIO < promised:
        return f"its {stored} bytes cannot hold the {promised} that its header promises"
    return None


def _read_header(path: Path) -> _Header | None:
    with path.open("rb") as stream:
        start = stream.read(_LONGEST_HEADER)
    if not start.startswith(_MAGIC):
        return None
    # the header ends with an empty line, that of a detached one with the file
    ends = [(start.find(end), len(end)) for end in (b"\n\n", b"\r\n\r\n")]
    found = min(((at, length) for at, length in ends if at >= 0), default=(len(start), 0))
    lines = start[: found[0]].decode("latin-1").splitlines()
    pairs = (line.split(":", 1) for line in lines if ":" in line and not line.startswith("#"))
    fields = {name.strip().lower(): value.strip() for name, value in pairs}
    return _Header(fields, sum(found))


def _promised_bytes(header: _Header) -> int | None:
    voxel_bytes = _BYTES_OF.get(header.fields.get("type", "").lower())
    sizes = header.fields.get("sizes", "").split()
    if voxel_bytes is None or not sizes or not all(size.isdecimal() for size in sizes):
        return None
    return math.prod(map(int, sizes)) * voxel_bytes
