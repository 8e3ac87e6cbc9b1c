"""What is found in a file before ITK reads it, format by format."""

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from roentgene.ingest.sources import metaimage, nrrd
from roentgene.ingest.sources.formats import FileFacts, look_into
from roentgene.schemas.words import reason_codes

SHAPE = (12, 13, 14)
N_BYTES = 4 * 12 * 13 * 14


def write(path: Path, *, packed: bool = False) -> Path:
    noise = np.random.default_rng(2).normal(size=SHAPE).astype(np.float32)
    sitk.WriteImage(sitk.GetImageFromArray(noise), str(path), useCompression=packed)
    return path


def change(path: Path, old: bytes, new: bytes) -> None:
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new, 1))


@pytest.mark.parametrize("name", ["a.nii", "a.NII.GZ", "a.nrrd", "a.mha"])
def test_formats_that_are_read(tmp_path: Path, name: str) -> None:
    written = write(tmp_path / name.lower())
    assert look_into(written.rename(tmp_path / name), "image") == FileFacts()


@pytest.mark.parametrize("name", ["a.vtk", "a.png", "a.hdr", "a.nii.gz.part", "nii"])
def test_others_are_refused_by_their_name(tmp_path: Path, name: str) -> None:
    found = look_into(tmp_path / name, "image")
    assert found.reason_code == "unsupported_format"
    assert found.detail == "its name ends in none of .nii, .nii.gz, .nrrd, .mha"


@pytest.mark.parametrize("kind", ["image", "mask"])
@pytest.mark.parametrize("name", ["a.nii", "a.nrrd", "a.mha"])
def test_file_that_is_not_there_or_is_none(tmp_path: Path, name: str, kind: str) -> None:
    missing = look_into(tmp_path / name, kind)  # type: ignore[arg-type]
    assert missing == FileFacts(f"unreadable_{kind}", "No such file or directory")
    (tmp_path / name).mkdir()
    folder = look_into(tmp_path / name, kind)  # type: ignore[arg-type]
    assert folder == FileFacts(f"unreadable_{kind}", "Is a directory")


@pytest.mark.parametrize("name", ["a.nhdr", "a.mhd"])
def test_voxels_in_another_file(tmp_path: Path, name: str) -> None:
    # the header of each of two patients may be the same, byte by byte
    assert look_into(write(tmp_path / name), "image").reason_code == "detached_voxels"
    assert "detached_voxels" in reason_codes()


def test_voxels_of_nrrd_in_another_file(tmp_path: Path) -> None:
    path = write(tmp_path / "a.nrrd")
    assert not nrrd.is_detached(path)
    header, end, _ = path.read_bytes().partition(b"\n\n")
    path.write_bytes(header + b"\ndata file: a.raw" + end)
    assert nrrd.is_detached(path)


@pytest.mark.parametrize(("name", "module"), [("a.nrrd", nrrd), ("a.mha", metaimage)])
def test_one_byte_short(tmp_path: Path, name: str, module: object) -> None:
    path = write(tmp_path / name)
    path.write_bytes(path.read_bytes()[:-1])
    expected = f"the file is cut off: {N_BYTES - 1} of {N_BYTES} bytes"
    assert module.fault(path) == expected  # type: ignore[attr-defined]


def test_lines_that_end_with_carriage_returns(tmp_path: Path) -> None:
    path = write(tmp_path / "a.nrrd")
    header, _, voxels = path.read_bytes().partition(b"\n\n")
    path.write_bytes(header.replace(b"\n", b"\r\n") + b"\r\n\r\n" + voxels)
    assert nrrd.fault(path) is None
    path.write_bytes(path.read_bytes()[:-1])
    assert "cut off" in str(nrrd.fault(path))


def test_compressed_nrrd_that_cannot_hold_what_it_promises(tmp_path: Path) -> None:
    # ITK would take 16 GB before it finds that there is nothing to put there
    path = write(tmp_path / "a.nrrd", packed=True)
    assert nrrd.fault(path) is None
    change(path, b"sizes: 14 13 12", b"sizes: 2000 2000 1000")
    assert str(nrrd.fault(path)).endswith("cannot hold the 16000000000 that its header promises")


def test_zeros_compress_as_far_as_deflate_goes(tmp_path: Path) -> None:
    path = tmp_path / "a.nrrd"
    empty = sitk.GetImageFromArray(np.zeros((100, 200, 200), dtype=np.uint8))
    sitk.WriteImage(empty, str(path), useCompression=True, compressionLevel=9)
    assert 4_000_000 / path.stat().st_size > 500
    assert nrrd.fault(path) is None


@pytest.mark.parametrize(
    "content", [b"", b"NRRD0004\n", b"no header at all", b"NRRD0004\ntype: x\n\n"]
)
def test_header_that_is_not_understood_is_left_to_the_reader(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "a"
    path.write_bytes(content)
    for module in (nrrd, metaimage):
        assert not module.is_detached(path)
        assert module.fault(path) is None


def test_compressed_metaimage(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mha", packed=True)
    whole = path.read_bytes()
    assert metaimage.fault(path) is None
    path.write_bytes(whole[:-2000])
    assert "cut off" in str(metaimage.fault(path))
    # ITK prints that it could not unpack this, and gives voxels all the same
    path.write_bytes(whole[:-2000] + b"z" * 100 + whole[-1900:])
    assert "damaged" in str(metaimage.fault(path))
    path.write_bytes(whole.replace(b"DimSize = 14 13 12", b"DimSize = 99 99 99"))
    assert str(metaimage.fault(path)) == f"the file is cut off: {N_BYTES} of {4 * 99**3} bytes"
