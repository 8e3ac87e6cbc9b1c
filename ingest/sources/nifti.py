"""What ITK would not tell of a NIfTI file: what is missing, what is no grid, what is no number.

ITK reads a truncated or damaged NIfTI file without a word and fills what is missing with zeros,
so that half a tumour would be measured as if it were whole. It puts 1 mm where the voxel size is
zero or no number, and 0 where a voxel is NaN or infinite.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from roentgene.ingest.sources.nifti_header import HEADER_BYTES, Header, parse_header

_Stream = IO[bytes] | gzip.GzipFile

# of whole voxels, whatever their type
_CHUNK = 1 << 20
_GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True)
class NonFinite:
    """Voxels that are NaN or infinite.

    Parameters
    ----------
    places : ndarray of int, shape (n,)
        Their number in the file: x runs fastest, then y, z and the volumes.
    values : ndarray, shape (n,)
        What stands there.
    """

    places: NDArray[np.int64]
    values: NDArray[Any]


@dataclass(frozen=True)
class Inspected:
    """What was found in a file.

    Parameters
    ----------
    fault : str or None
        What is missing or damaged, in one line.
    grid_fault : str or None
        What is wrong with spacing, origin or direction of a file that is sound otherwise.
        Whether the axes are at right angles is left to the reader.
    non_finite : NonFinite or None
        Voxels that are no numbers, if there are any.
    """

    fault: str | None = None
    grid_fault: str | None = None
    non_finite: NonFinite | None = None


def inspect(path: Path) -> Inspected:
    """Read a NIfTI file to its end, and look at what ITK passes over.

    Parameters
    ----------
    path : Path
        A ``.nii`` or ``.nii.gz`` file.

    Returns
    -------
    Inspected
        Nothing of a file whose header is not understood at all, for the reader refuses it.
    """
    try:
        with _opened(path) as stream:
            return _inspected(stream)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        detail = f"the compressed data are damaged or cut off ({str(error).rstrip('.')})"
        return Inspected(fault=detail)


@contextmanager
def _opened(path: Path) -> Iterator[_Stream]:
    with path.open("rb") as stream:
        compressed = stream.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
        stream.seek(0)
        if compressed:
            with gzip.open(stream) as unpacked:
                yield unpacked
        else:
            yield stream


def _inspected(stream: _Stream) -> Inspected:
    start = stream.read(HEADER_BYTES)
    header = parse_header(start)
    fault = None if header is None else header.fault()
    if header is None or fault is not None:
        # to the end, for only there the checksum shows whether the header is right itself
        _read_on(stream)
        return Inspected(fault=fault)
    voxels_at = int(header.vox_offset)
    start += stream.read(max(voxels_at - len(start), 0))
    n_bytes, non_finite = _read_voxels(stream, start[voxels_at:], header)
    n_bytes += min(voxels_at, len(start))
    promised = header.promised_bytes()
    if n_bytes < promised:
        return Inspected(fault=f"the file is cut off: {n_bytes} of {promised} bytes")
    return Inspected(grid_fault=header.grid_fault(), non_finite=non_finite)


def _read_on(stream: _Stream) -> None:
    while stream.read(_CHUNK):
        pass


def _read_voxels(stream: _Stream, begun: bytes, header: Header) -> tuple[int, NonFinite | None]:
    """Count the bytes from the first voxel on, and find those that are no numbers."""
    places, values = [], []
    chunk = begun + stream.read(_CHUNK - len(begun))
    n_bytes = 0
    while chunk:
        if header.float_type is not None:
            part = _voxels(chunk, header.float_type, header.n_voxels, n_bytes)
            broken = np.flatnonzero(~np.isfinite(part))
            if broken.size:
                places.append(broken + n_bytes // part.itemsize)
                values.append(part[broken])
        n_bytes += len(chunk)
        chunk = stream.read(_CHUNK)
    if not places:
        return n_bytes, None
    return n_bytes, NonFinite(np.concatenate(places), np.concatenate(values))


def _voxels(chunk: bytes, float_type: str, n_voxels: int, at: int) -> NDArray[Any]:
    """Whole voxels of a chunk; what follows the last voxel of the file is none."""
    size = np.dtype(float_type).itemsize
    n_left = max(n_voxels - at // size, 0)
    return np.frombuffer(chunk, float_type, min(len(chunk) // size, n_left))
