import gzip
import struct
from pathlib import Path

import pytest

from roentgene.ingest.sources.nifti import fault, is_nifti

N_VOXELS = 4 * 3 * 2


def nifti_1(order: str, n_voxels: int = N_VOXELS) -> bytes:
    header = bytearray(352)
    struct.pack_into(f"{order}i", header, 0, 348)
    struct.pack_into(f"{order}8h", header, 40, 3, 4, 3, 2, 0, 0, 0, 0)
    struct.pack_into(f"{order}2h", header, 70, 4, 16)
    struct.pack_into(f"{order}f", header, 108, 352.0)
    header[344:348] = b"n+1\0"
    return bytes(header) + bytes(2 * n_voxels)


def nifti_2(order: str, n_voxels: int = N_VOXELS) -> bytes:
    header = bytearray(544)
    struct.pack_into(f"{order}i", header, 0, 540)
    header[4:8] = b"n+2\0"
    struct.pack_into(f"{order}2h", header, 12, 4, 16)
    struct.pack_into(f"{order}8q", header, 16, 3, 4, 3, 2, 1, 1, 1, 1)
    struct.pack_into(f"{order}q", header, 168, 544)
    return bytes(header) + bytes(2 * n_voxels)


@pytest.mark.parametrize("make", [nifti_1, nifti_2])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_one_voxel_short(tmp_path: Path, make, order, pack) -> None:
    path = tmp_path / "a.nii.gz"
    path.write_bytes(pack(make(order)))
    assert fault(path) is None
    path.write_bytes(pack(make(order, N_VOXELS - 1)))
    whole = len(make(order))
    assert fault(path) == f"the file is cut off: {whole - 2} of {whole} bytes"


def test_truncated_gzip(tmp_path: Path) -> None:
    path = tmp_path / "a.nii.gz"
    path.write_bytes(gzip.compress(nifti_1("<"))[:-9])
    assert "damaged or cut off" in str(fault(path))


def test_header_that_is_not_understood_is_left_to_the_reader(tmp_path: Path) -> None:
    path = tmp_path / "a.nii"
    path.write_bytes(b"abc")
    assert fault(path) is None


def test_names() -> None:
    assert [is_nifti(Path(name)) for name in ("a.nii", "b.NII.GZ", "c.nrrd", "nii")] == [
        True,
        True,
        False,
        False,
    ]
