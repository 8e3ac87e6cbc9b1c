"""The header of a NIfTI file, as far as it says where the voxels stand in the file and in space."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import Literal

#: More bytes than any header has.
HEADER_BYTES = 544

_MAX_RANK = 7

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
_FLOATS = {16: "f4", 64: "f8"}


@dataclass(frozen=True)
class _Layout:
    """Where nifti1.h and nifti2.h put the fields: format and first byte of each."""

    version: int
    length: int
    magic: tuple[bytes, int]
    first_voxel: int
    dim: tuple[str, int]
    datatype: tuple[str, int]
    pixdim: tuple[str, int]
    vox_offset: tuple[str, int]
    codes: tuple[str, int]
    qform: tuple[str, int]
    sform: tuple[str, int]


_LAYOUTS = (
    _Layout(
        version=1,
        length=348,
        magic=(b"n+1", 344),
        first_voxel=352,
        dim=("8h", 40),
        datatype=("h", 70),
        pixdim=("8f", 76),
        vox_offset=("f", 108),
        codes=("2h", 252),
        qform=("6f", 256),
        sform=("12f", 280),
    ),
    _Layout(
        version=2,
        length=540,
        magic=(b"n+2", 4),
        first_voxel=544,
        dim=("8q", 16),
        datatype=("h", 12),
        pixdim=("8d", 104),
        vox_offset=("q", 168),
        codes=("2i", 344),
        qform=("6d", 352),
        sform=("12d", 400),
    ),
)


@dataclass(frozen=True)
class Header:
    """What a header says.

    Parameters
    ----------
    version : int
        1 or 2.
    order : {'<', '>'}
        Order of its bytes, and of those of the voxels.
    has_magic : bool
        Whether it has the mark of a file with header and voxels in one.
    rank : int
        Number of axes.
    lengths : tuple of int
        Voxels along each axis; beyond the third, 0 stands for 1.
    datatype : int
        Code of the voxel type.
    vox_offset : float
        First byte of the first voxel.
    first_voxel : int
        The smallest offset that there can be.
    pixdim : tuple of float
        Voxel size in mm from place 1 on.
    qform, sform : tuple of float
        Numbers of the two transforms; empty where the header says that one does not count.
    """

    version: int
    order: Literal["<", ">"]
    has_magic: bool
    rank: int
    lengths: tuple[int, ...]
    datatype: int
    vox_offset: float
    first_voxel: int
    pixdim: tuple[float, ...]
    qform: tuple[float, ...]
    sform: tuple[float, ...]

    @property
    def float_type(self) -> str | None:
        """NumPy's name of the voxel type where that has NaN and infinity."""
        name = _FLOATS.get(self.datatype)
        return None if name is None else f"{self.order}{name}"

    @property
    def n_voxels(self) -> int:
        """Voxels of all volumes."""
        return math.prod(max(n, 1) for n in self.lengths[: self.rank])

    def fault(self) -> str | None:
        """Say what is wrong with the header itself, in one line; None where nothing is."""
        spatial = self.lengths[: min(self.rank, 3)]
        if not self.has_magic:
            return f"its header has not the mark of a NIfTI-{self.version} file with voxels"
        if not 1 <= self.rank <= _MAX_RANK or min(spatial) < 1:
            size = "x".join(map(str, self.lengths[: max(0, self.rank)])) or "none"
            return f"its header gives {self.rank} axes ({size})"
        if self.datatype not in _VOXEL_BYTES:
            return f"its header gives the unknown voxel type {self.datatype}"
        if not (math.isfinite(self.vox_offset) and self.vox_offset >= self.first_voxel):
            return f"its header puts the first voxel at byte {self.vox_offset:g}, within itself"
        return None

    def grid_fault(self) -> str | None:
        """Say what keeps the voxels of a sound header from having a place and a size."""
        spacing = self.pixdim[1 : min(self.rank, 3) + 1]
        if not all(math.isfinite(mm) and mm > 0 for mm in spacing):
            return f"the voxel size is {' x '.join(f'{mm:g}' for mm in spacing)} mm"
        for name, numbers in (("qform", self.qform), ("sform", self.sform)):
            if not all(map(math.isfinite, numbers)):
                return f"its {name} holds what is no number"
        return None

    def promised_bytes(self) -> int:
        """Length of the file, uncompressed, that a sound header promises."""
        return int(self.vox_offset) + self.n_voxels * _VOXEL_BYTES[self.datatype]


def parse_header(start: bytes) -> Header | None:
    """Read a header.

    Parameters
    ----------
    start : bytes
        The first :data:`HEADER_BYTES` of a file, uncompressed, or all of a shorter one.

    Returns
    -------
    Header or None
        None where the bytes are no header at all.
    """
    orders: tuple[Literal["<", ">"], ...] = ("<", ">")
    for order in orders:
        for layout in _LAYOUTS:
            if len(start) >= layout.length and _read(start, order, ("i", 0))[0] == layout.length:
                return _header(start, order, layout)
    return None


def _header(start: bytes, order: Literal["<", ">"], layout: _Layout) -> Header:
    mark, at = layout.magic
    rank, *lengths = (int(n) for n in _read(start, order, layout.dim))
    qform_code, sform_code = _read(start, order, layout.codes)
    return Header(
        version=layout.version,
        order=order,
        has_magic=start[at : at + len(mark)] == mark,
        rank=rank,
        lengths=tuple(lengths),
        datatype=int(_read(start, order, layout.datatype)[0]),
        vox_offset=_read(start, order, layout.vox_offset)[0],
        first_voxel=layout.first_voxel,
        pixdim=_read(start, order, layout.pixdim),
        qform=_read(start, order, layout.qform) if qform_code > 0 else (),
        sform=_read(start, order, layout.sform) if sform_code > 0 else (),
    )


def _read(start: bytes, order: str, field: tuple[str, int]) -> tuple[float, ...]:
    form, at = field
    return struct.unpack_from(f"{order}{form}", start, at)
