"""Whether a NIfTI file holds all the voxels that its header promises.

ITK reads a truncated or damaged NIfTI file without a word and fills what is missing with zeros,
so that half a tumour would be measured as if it were whole.
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path

_CHUNK = 1 << 20
_HEADER_BYTES = 544
_GZIP_MAGIC = b"\x1f\x8b"

#: NIfTI datatype codes and their bytes a voxel (nifti1.h, nifti2.h).
_VOXEL_BYTES = {
    2: 1,
    4: 2,
    8: 4,
    16: 4,
    32: 8,
    64: 8,
    128: 3,
    256: 1,
    512: 2,
    768: 4,
    1024: 8,
    1280: 8,
    1536: 16,
    1792: 16,
    2048: 32,
    2304: 4,
}


def is_nifti(path: Path) -> bool:
    """Whether the name says that the file is NIfTI with header and voxels in one."""
    return path.name.lower().endswith((".nii", ".nii.gz"))


def fault(path: Path) -> str | None:
    """Find what is missing or damaged in a NIfTI file.

    Parameters
    ----------
    path : Path
        A ``.nii`` or ``.nii.gz`` file.

    Returns
    -------
    str or None
        One line, or None where the file holds what its header promises. A header that is not
        understood is left to the reader, which refuses it.
    """
    with path.open("rb") as stream:
        compressed = stream.read(2) == _GZIP_MAGIC
    try:
        header, n_bytes = _compressed(path) if compressed else _plain(path)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        return f"the compressed data are damaged or cut off ({str(error).rstrip('.')})"
    promised = _promised_bytes(header)
    if promised is not None and n_bytes < promised:
        return f"the file is cut off: {n_bytes} of {promised} bytes"
    return None


def _plain(path: Path) -> tuple[bytes, int]:
    with path.open("rb") as stream:
        return stream.read(_HEADER_BYTES), path.stat().st_size


def _compressed(path: Path) -> tuple[bytes, int]:
    """Header and length after decompression; reading to the end checks the checksum too."""
    with gzip.open(path) as stream:
        header = stream.read(_HEADER_BYTES)
        n_bytes = len(header)
        while chunk := stream.read(_CHUNK):
            n_bytes += len(chunk)
    return header, n_bytes


def _promised_bytes(header: bytes) -> int | None:
    for order in "<>":
        for size, read in ((348, _nifti_1), (540, _nifti_2)):
            if len(header) >= size and struct.unpack_from(f"{order}i", header)[0] == size:
                return read(header, order)
    return None


def _nifti_1(header: bytes, order: str) -> int | None:
    if header[344:347] != b"n+1":
        return None
    rank, *lengths = struct.unpack_from(f"{order}8h", header, 40)
    (datatype,) = struct.unpack_from(f"{order}h", header, 70)
    (offset,) = struct.unpack_from(f"{order}f", header, 108)
    return _total(rank, lengths, datatype, int(offset) if math.isfinite(offset) else 0)


def _nifti_2(header: bytes, order: str) -> int | None:
    if header[4:7] != b"n+2":
        return None
    (datatype,) = struct.unpack_from(f"{order}h", header, 12)
    rank, *lengths = struct.unpack_from(f"{order}8q", header, 16)
    (offset,) = struct.unpack_from(f"{order}q", header, 168)
    return _total(rank, lengths, datatype, offset)


def _total(rank: int, lengths: list[int], datatype: int, offset: int) -> int | None:
    if datatype not in _VOXEL_BYTES or not 1 <= rank <= len(lengths):
        return None
    return offset + math.prod(max(n, 1) for n in lengths[:rank]) * _VOXEL_BYTES[datatype]
