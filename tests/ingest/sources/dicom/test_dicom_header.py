import datetime
import struct
import tracemalloc
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEGLSLossless,
    RLELossless,
)

from roentgene.ingest.sources.dicom import framing
from roentgene.ingest.sources.dicom.damage import unwarned
from roentgene.ingest.sources.dicom.header import Header, examine, read_header
from roentgene.ingest.sources.dicom.sop_classes import SEGMENTATION
from roentgene.ingest.sources.volume import VolumeError

Make = Callable[..., list[Dataset]]
Save = Callable[..., list[Path]]


def read(path: Path) -> Header:
    header = read_header(path)
    assert header is not None
    return header


def code(path: Path) -> str:
    with pytest.raises(VolumeError) as caught:
        read_header(path)
    return caught.value.reason_code


@pytest.fixture
def written(tmp_path: Path, make_slices: Make, save_slices: Save) -> Callable[..., Path]:
    def write(syntax: str | None = None, **elements: Any) -> Path:
        (dataset,) = make_slices(1, **elements)
        if syntax is not None:
            dataset.file_meta.TransferSyntaxUID = syntax
        return save_slices([dataset], tmp_path)[0]

    return write


def test_facts(written: Callable[..., Path]) -> None:
    header = read(
        written(
            SeriesNumber=7,
            SeriesDescription="T1 axial",
            RescaleSlope=2,
            RescaleIntercept=-1024,
            IssuerOfPatientID="clinic",
            KVP=120,
            ConvolutionKernel=["B30f", "3"],
            AcquisitionNumber=2,
        )
    )
    assert (header.modality, header.patient_id, header.issuer_of_patient_id) == (
        "CT",
        "P1",
        "clinic",
    )
    assert (header.study_instance_uid, header.series_instance_uid) == ("1.2.3", "1.2.3.67")
    assert header.frame_of_reference_uid == "1.2.4"
    assert (header.series_number, header.series_description) == (7, "T1 axial")
    assert header.study_date == datetime.date(1868, 6, 24)
    assert (header.rows, header.columns, header.number_of_frames) == (4, 6, 1)
    assert header.image_position == (-10, 20, 5)
    assert header.image_orientation == (1, 0, 0, 0, 1, 0)
    assert (header.pixel_spacing, header.slice_thickness) == ((0.75, 0.5), 3)
    assert (header.rescale_slope, header.rescale_intercept) == (2, -1024)
    assert header.image_type == ("ORIGINAL", "PRIMARY", "AXIAL")
    assert header.splitting.acquisition_number == 2
    assert (header.acquisition.kvp, header.acquisition.convolution_kernel) == (120, "B30f\\3")


@pytest.mark.parametrize(
    "syntax",
    [ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian],
    ids=["implicit", "big endian", "deflated"],
)
def test_every_plain_transfer_syntax_is_read(written: Callable[..., Path], syntax: str) -> None:
    header = read(written(syntax))
    assert (header.transfer_syntax, header.rows, header.columns) == (syntax, 4, 6)
    assert header.image_position == (-10, 20, 5)


def test_what_names_the_person_is_not_shown(written: Callable[..., Path]) -> None:
    header = read(written(SeriesDescription="of Nemo"))
    assert header.person_digest is not None
    for word in ("Nemo", "1828", "1868", "P1", header.person_digest):
        assert word not in repr(header).replace(str(header.path), "")
    assert "18280208" not in header.person_digest


def test_digest_of_the_person(written: Callable[..., Path]) -> None:
    digests = [
        read(written(PatientBirthDate=birth_date, PatientSex=sex)).person_digest
        for birth_date, sex in (("18280208", "M"), ("18280208", "F"), ("18280208", ""), ("", ""))
    ]
    assert len(set(digests)) == 4
    assert digests[3] is None
    parts = [digest.split(".") for digest in digests[:3] if digest is not None]
    assert parts[0][0] == parts[1][0] == parts[2][0]
    assert parts[2][1] == ""


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("README", b"read me"),
        ("a.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 200),
        ("empty", b""),
        ("._0000.dcm", b"\0\5\x16\7" + b"\0" * 200),
    ],
)
def test_other_files_are_passed_over(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    assert read_header(tmp_path / name) is None


@pytest.mark.parametrize("content", [b"", b"no DICOM", b"\0" * 200])
def test_a_name_that_promises_dicom_is_held_to_it(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.DCM").write_bytes(content)
    assert code(tmp_path / "a.DCM") == "unreadable_dicom"


def test_a_file_without_preamble_is_not_passed_over(written: Callable[..., Path]) -> None:
    path = written()
    bare = path.with_name("bare")
    bare.write_bytes(path.read_bytes()[132:])
    assert code(bare) == "unreadable_dicom"


def with_much(dataset: Dataset) -> Dataset:
    """A header with nested sequences, one of them of undefined length."""
    item = Dataset()
    item.CodeValue, item.CodeMeaning = "C-B1031", "Fluorodeoxyglucose"
    outer = Dataset()
    outer.RadiopharmaceuticalCodeSequence = Sequence([item])
    dataset.RadiopharmaceuticalInformationSequence = Sequence([outer])
    dataset["RadiopharmaceuticalInformationSequence"].is_undefined_length = True
    return dataset


@pytest.mark.parametrize("syntax", [None, ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian])
def test_no_file_that_is_cut_off_is_taken_for_whole(
    tmp_path: Path, make_slices: Make, save_slices: Save, syntax: str | None
) -> None:
    dataset = with_much(make_slices(1)[0])
    if syntax is not None:
        dataset.file_meta.TransferSyntaxUID = syntax
    (path,) = save_slices([dataset], tmp_path)
    whole = path.read_bytes()
    assert read(path)
    taken = []
    for length in range(132, len(whole)):
        path.write_bytes(whole[:length])
        try:
            read_header(path)
        except VolumeError as error:
            assert error.reason_code == "unreadable_dicom"
        else:
            taken.append(length)
    # a deflated data set may be followed by one byte that makes the length even
    padding = {len(whole) - 1} if syntax == DeflatedExplicitVRLittleEndian else set()
    assert set(taken) <= padding


def test_of_a_file_that_is_cut_off_in_its_pixels_the_series_is_known(
    written: Callable[..., Path],
) -> None:
    path = written()
    path.write_bytes(path.read_bytes()[:-2])
    with unwarned():
        examined = examine(path)
    assert examined.header is not None
    assert examined.header.series_instance_uid == "1.2.3.67"
    assert examined.fault is not None
    assert examined.fault.detail == "its pixel data are cut off after 46 of 48 bytes"


@pytest.mark.parametrize(
    "elements",
    [
        {"Rows": 65535, "Columns": 65535},
        {"Rows": 5},
        {"Rows": 3},
        {"Rows": 0},
        {"NumberOfFrames": 2},
        {"NumberOfFrames": 2_000_000_000},
        {"BitsAllocated": 32},
    ],
    ids=lambda elements: "-".join(f"{name}={value}" for name, value in elements.items()),
)
def test_header_that_promises_other_pixels(
    written: Callable[..., Path], elements: dict[str, Any]
) -> None:
    assert code(written(**elements)) == "pixel_header_mismatch"


def test_one_byte_of_padding_is_no_mismatch(written: Callable[..., Path]) -> None:
    path = written(
        Rows=3, Columns=3, BitsAllocated=8, BitsStored=8, HighBit=7, PixelData=b"\0" * 10
    )
    assert read(path).rows == 3


def encapsulated(*fragments: bytes) -> bytes:
    items = [struct.pack("<HHI", 0xFFFE, 0xE000, 0)]
    items += [struct.pack("<HHI", 0xFFFE, 0xE000, len(part)) + part for part in fragments]
    return b"".join(items)


def compressed(make_slices: Make, **elements: Any) -> Dataset:
    (dataset,) = make_slices(1, PixelData=encapsulated(b"\1\2\3\4" * 20), **elements)
    dataset.file_meta.TransferSyntaxUID = JPEGLSLossless
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    return dataset


def test_a_compressed_bomb(tmp_path: Path, make_slices: Make, save_slices: Save) -> None:
    small, large = compressed(make_slices), compressed(make_slices, Rows=30000, Columns=30000)
    paths = save_slices([small, large], tmp_path)
    assert read(paths[0]).rows == 4
    assert code(paths[1]) == "pixel_header_mismatch"


def test_compressed_pixels_that_are_cut_off(
    tmp_path: Path, make_slices: Make, save_slices: Save
) -> None:
    (dataset,) = make_slices(1)
    dataset.compress(RLELossless, generate_instance_uid=False)
    (path,) = save_slices([dataset], tmp_path)
    assert read(path).transfer_syntax == RLELossless
    path.write_bytes(path.read_bytes()[:-20])
    assert code(path) == "unreadable_dicom"


def deflated_bomb(path: Path, n_bytes: int) -> None:
    """A deflated file whose pixel data inflate to as many zeros as its header promises."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    whole = path.read_bytes()
    start = 132 + 12 + struct.unpack("<I", whole[140:144])[0]
    header = zlib.decompress(whole[start:], -zlib.MAX_WBITS)
    packed = [deflate.compress(header)]
    packed += [deflate.compress(b"\0" * 2**20) for _ in range(n_bytes // 2**20)]
    path.write_bytes(whole[:start] + b"".join(packed) + deflate.flush())


def test_a_deflated_bomb_is_not_inflated_to_its_end(
    written: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(DeflatedExplicitVRLittleEndian)
    deflated_bomb(path, 2**26)
    assert path.stat().st_size < 2**19
    inflated = []

    class Counting:
        def __init__(self, wbits: int) -> None:
            self._real = zlib.decompressobj(wbits)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._real, name)

        def decompress(self, data: bytes, max_length: int) -> bytes:
            part = self._real.decompress(data, max_length)
            inflated.append(len(part))
            return part

    monkeypatch.setattr(framing, "LARGEST_INFLATED", 2**22)
    monkeypatch.setattr(framing, "zlib", _Zlib(Counting))
    tracemalloc.start()
    try:
        assert code(path) == "pixel_header_mismatch"
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert 2**22 < sum(inflated) <= 2**22 + 2**20
    assert peak < 2**24


class _Zlib:
    error, MAX_WBITS = zlib.error, zlib.MAX_WBITS

    def __init__(self, decompressobj: Any) -> None:
        self.decompressobj = decompressobj


@pytest.mark.parametrize("missing", ["SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID"])
def test_without_its_uids_a_file_belongs_nowhere(
    tmp_path: Path, make_slices: Make, save_slices: Save, missing: str
) -> None:
    (dataset,) = make_slices(1)
    delattr(dataset, missing)
    (path,) = save_slices([dataset], tmp_path)
    with pytest.raises(VolumeError, match=missing) as caught:
        read_header(path)
    assert caught.value.reason_code == "unreadable_dicom"


def test_a_malformed_fact_is_none_and_shown_to_nobody(
    written: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = written(KVP=9876, StudyID="longer than sixteen characters")
    whole = path.read_bytes()
    caplog.clear()
    path.write_bytes(whole.replace(b"9876", b"Nemo").replace(b"18680624", b"Nautilus"))
    header = read(path)
    assert header.acquisition.kvp is None
    assert header.study_date is None
    assert caplog.records == []


def test_pixels_are_filled_up_to_an_even_length(written: Callable[..., Path]) -> None:
    # 4 x 6 pixels of one bit are 3 bytes, which no element of DICOM can have
    bits = {"BitsAllocated": 1, "BitsStored": 1, "HighBit": 0, "PixelRepresentation": 0}
    small = {**bits, "SOPClassUID": SEGMENTATION}
    assert read(written(**small, PixelData=b"\1\0\0\0")).rows == 4
    assert code(written(**small, PixelData=bytes(6))) == "pixel_header_mismatch"
