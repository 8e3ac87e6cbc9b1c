import gzip
import math
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from roentgene.ingest.sources import nifti
from roentgene.ingest.sources.nifti import Inspected, inspect

N_VOXELS = 4 * 3 * 2


def nifti_1(order: str, n_voxels: int = N_VOXELS) -> bytes:
    header = bytearray(352)
    struct.pack_into(f"{order}i", header, 0, 348)
    struct.pack_into(f"{order}8h", header, 40, 3, 4, 3, 2, 0, 0, 0, 0)
    struct.pack_into(f"{order}2h", header, 70, 4, 16)
    struct.pack_into(f"{order}8f", header, 76, 1, 1, 1, 2.5, 0, 0, 0, 0)
    struct.pack_into(f"{order}f", header, 108, 352.0)
    header[344:348] = b"n+1\0"
    return bytes(header) + bytes(2 * n_voxels)


def nifti_2(order: str, n_voxels: int = N_VOXELS) -> bytes:
    header = bytearray(544)
    struct.pack_into(f"{order}i", header, 0, 540)
    header[4:8] = b"n+2\0"
    struct.pack_into(f"{order}2h", header, 12, 4, 16)
    struct.pack_into(f"{order}8q", header, 16, 3, 4, 3, 2, 1, 1, 1, 1)
    struct.pack_into(f"{order}8d", header, 104, 1, 1, 1, 2.5, 0, 0, 0, 0)
    struct.pack_into(f"{order}q", header, 168, 544)
    return bytes(header) + bytes(2 * n_voxels)


@pytest.mark.parametrize("make", [nifti_1, nifti_2])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_one_voxel_short(tmp_path: Path, make, order, pack) -> None:
    path = tmp_path / "a.nii.gz"
    path.write_bytes(pack(make(order)))
    assert inspect(path).fault is None
    path.write_bytes(pack(make(order, N_VOXELS - 1)))
    whole = len(make(order))
    assert inspect(path).fault == f"the file is cut off: {whole - 2} of {whole} bytes"


def test_truncated_gzip(tmp_path: Path) -> None:
    path = tmp_path / "a.nii.gz"
    path.write_bytes(gzip.compress(nifti_1("<"))[:-9])
    assert "damaged or cut off" in str(inspect(path).fault)


def test_header_that_is_not_understood_is_left_to_the_reader(tmp_path: Path) -> None:
    path = tmp_path / "a.nii"
    path.write_bytes(b"abc")
    assert inspect(path).fault is None


def changed(make: Callable[[str], bytes], at: int, form: str, *values: float) -> bytes:
    data = bytearray(make("<"))
    struct.pack_into(f"<{form}", data, at, *values)
    return bytes(data)


def inspected(folder: Path, content: bytes) -> Inspected:
    path = folder / "a.nii"
    path.write_bytes(content)
    return inspect(path)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (changed(nifti_1, 344, "4s", b"ni1"), "not the mark of a NIfTI-1 file"),
        (changed(nifti_2, 4, "4s", b"ni2"), "not the mark of a NIfTI-2 file"),
        (changed(nifti_1, 40, "h", 0), "gives 0 axes (none)"),
        (changed(nifti_1, 40, "h", 8), "gives 8 axes"),
        (changed(nifti_1, 44, "h", 0), "gives 3 axes (4x0x2)"),
        (changed(nifti_2, 24, "q", -4), "gives 3 axes (-4x3x2)"),
        (changed(nifti_1, 70, "h", 99), "unknown voxel type 99"),
        (changed(nifti_1, 108, "f", 0.0), "first voxel at byte 0,"),
        (changed(nifti_1, 108, "f", -9.0), "first voxel at byte -9,"),
        (changed(nifti_1, 108, "f", math.nan), "first voxel at byte nan,"),
        (changed(nifti_2, 168, "q", 352), "first voxel at byte 352,"),
    ],
)
def test_header_that_is_wrong(tmp_path: Path, content: bytes, expected: str) -> None:
    assert expected in str(inspected(tmp_path, content).fault)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (changed(nifti_1, 84, "f", 0.0), "the voxel size is 1 x 0 x 2.5 mm"),
        (changed(nifti_1, 84, "f", -1.0), "the voxel size is 1 x -1 x 2.5 mm"),
        (changed(nifti_1, 88, "f", math.inf), "the voxel size is 1 x 1 x inf mm"),
        (changed(nifti_2, 112, "d", math.nan), "the voxel size is nan x 1 x 2.5 mm"),
        (changed(nifti_1, 252, "2h3f", 1, 0, 0, math.nan, 0), "its qform holds what is no number"),
        (changed(nifti_1, 252, "2h6ff", 0, 1, *[0.0] * 6, math.inf), "its sform holds"),
        (changed(nifti_2, 344, "2i6dd", 0, 1, *[0.0] * 6, math.nan), "its sform holds"),
        # a transform that does not count may hold anything
        (changed(nifti_1, 252, "2h6ff", 1, 0, *[0.0] * 6, math.inf), None),
    ],
)
def test_grid_that_is_none(tmp_path: Path, content: bytes, expected: str | None) -> None:
    found = inspected(tmp_path, content)
    assert found.fault is None
    assert found.grid_fault is None if expected is None else expected in str(found.grid_fault)


def floats(order: str, code: str, values: np.ndarray, offset: int) -> bytes:
    """A NIfTI-1 file of one row of voxels that begin at some byte, with a tail after the last."""
    header = bytearray(nifti_1(order)[:352])
    struct.pack_into(f"{order}8h", header, 40, 3, values.size, 1, 1, 1, 1, 1, 1)
    struct.pack_into(f"{order}2h", header, 70, {"f4": 16, "f8": 64}[code], 0)
    struct.pack_into(f"{order}f", header, 108, float(offset))
    tail = np.full(3, np.nan, dtype=code).tobytes()
    return bytes(header) + bytes(offset - 352) + values.astype(f"{order}{code}").tobytes() + tail


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("code", ["f4", "f8"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("offset", [352, 544, 4000])
def test_voxels_that_are_no_numbers(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    order: str,
    code: str,
    pack: Callable[[bytes], bytes],
    offset: int,
) -> None:
    monkeypatch.setattr(nifti, "_CHUNK", 1024)
    values = np.arange(1000.0)
    values[[0, 300, 301, 999]] = math.nan, math.inf, -math.inf, math.nan
    found = inspected(tmp_path, pack(floats(order, code, values, offset)))
    assert found.fault is None
    assert found.non_finite is not None
    assert found.non_finite.places.tolist() == [0, 300, 301, 999]
    np.testing.assert_array_equal(found.non_finite.values, values[[0, 300, 301, 999]])


def test_voxels_that_are_numbers(tmp_path: Path) -> None:
    # the bits of -1 in 16 bits, two and two, would be NaN in 32
    whole = bytearray(nifti_1("<"))
    whole[352:] = np.full(N_VOXELS, -1, dtype=np.int16).tobytes()
    assert inspected(tmp_path, bytes(whole)).non_finite is None
    assert inspected(tmp_path, floats("<", "f4", np.arange(9.0), 352)).non_finite is None
