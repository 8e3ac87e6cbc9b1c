import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.sequence import Sequence
from pydicom.uid import JPEG2000Lossless, RLELossless

from roentgene.ingest.sources.dicom import sop_classes
from roentgene.ingest.sources.dicom.scan import scan
from roentgene.ingest.sources.dicom.voxels import read_series
from roentgene.ingest.sources.volume import Volume, VolumeError, read_volume

Make = Callable[..., list[Dataset]]
Save = Callable[..., list[Path]]
ROWS, COLUMNS = 4, 6
LARGE = np.random.default_rng(1).integers(-1000, 3000, (5, 16, 20)).astype("<i2")


def stored(n: int = 5) -> np.ndarray[Any, Any]:
    """What the slices of ``make_slices`` hold, shape (n, 4, 6)."""
    slices = 100 * np.arange(n)[:, None, None]
    return slices + np.arange(ROWS * COLUMNS).reshape(1, ROWS, COLUMNS)


def refused(files: list[Path]) -> str:
    with pytest.raises(VolumeError) as caught:
        read_series(files)
    assert "/" not in caught.value.message
    return caught.value.reason_code


@pytest.mark.parametrize("modality", ["CT", "MR"])
def test_whole_slopes_keep_whole_numbers(
    tmp_path: Path, make_slices: Make, save_slices: Save, modality: str
) -> None:
    made = make_slices(5, modality, RescaleSlope=2, RescaleIntercept=-1024)
    volume = read_series(save_slices(made, tmp_path))
    assert np.array_equal(volume.voxels, 2 * stored() - 1024)
    # 16 bits twice as wide do not fit into 16 bits
    assert volume.voxels.dtype == np.int32
    made = make_slices(5, modality, BitsStored=12, HighBit=11, RescaleIntercept=-1024)
    for dataset in made:
        dataset.RescaleSlope = 1
    volume = read_series(save_slices(made, tmp_path / "other"))
    assert np.array_equal(volume.voxels, stored() - 1024)
    assert volume.voxels.dtype == np.int16


@pytest.mark.parametrize("modality", ["CT", "MR"])
def test_each_slice_has_a_rescale_of_its_own(
    tmp_path: Path, make_slices: Make, save_slices: Save, modality: str
) -> None:
    made = make_slices(5, modality)
    slopes, intercepts = [1, 0.5, 2.25, 0.001, 3], [0, -7.5, 1, 2, -1024]
    for dataset, slope, intercept in zip(made, slopes, intercepts, strict=True):
        dataset.RescaleSlope, dataset.RescaleIntercept = slope, intercept
    volume = read_series(save_slices(made, tmp_path))
    expected = stored() * np.reshape(slopes, (5, 1, 1)) + np.reshape(intercepts, (5, 1, 1))
    assert volume.voxels.dtype == np.float32
    assert volume.voxels == pytest.approx(expected, rel=1e-6)


def pet_slices(make_slices: Make, **elements: Any) -> list[Dataset]:
    injected = Dataset()
    injected.RadionuclideTotalDose = 3.5e8
    injected.RadionuclideHalfLife = 7200
    injected.RadiopharmaceuticalStartTime = "080000"
    facts = {
        "Units": "BQML",
        "DecayCorrection": "START",
        "CorrectedImage": ["ATTN", "DECAY"],
        "PatientWeight": 70,
        "SeriesTime": "100000",
        "AcquisitionTime": "100500",
        "RadiopharmaceuticalInformationSequence": Sequence([injected]),
        "RescaleIntercept": 0,
    }
    made = make_slices(5, "PT", **(facts | elements))
    for index, dataset in enumerate(made):
        dataset.RescaleSlope = 1.5 + index
    return made


def test_pet_is_read_as_suv_slice_by_slice(
    tmp_path: Path, make_slices: Make, save_slices: Save
) -> None:
    volume = read_series(save_slices(pet_slices(make_slices), tmp_path))
    slopes = 1.5 + np.arange(5).reshape(5, 1, 1)
    # two hours are one half life: 70000 g / 1.75e8 Bq
    assert volume.voxels == pytest.approx(stored() * slopes * 4e-4, rel=1e-6)
    assert volume.voxels.dtype == np.float32


def test_pet_in_suv_is_left_as_it_is(tmp_path: Path, make_slices: Make, save_slices: Save) -> None:
    volume = read_series(save_slices(pet_slices(make_slices, Units="GML"), tmp_path))
    assert volume.voxels == pytest.approx(stored() * (1.5 + np.arange(5).reshape(5, 1, 1)))


def test_pet_without_weight_is_refused(
    tmp_path: Path, make_slices: Make, save_slices: Save
) -> None:
    made = pet_slices(make_slices, PatientWeight=None)
    assert refused(save_slices(made, tmp_path)) == "suv_facts_missing"


def codestream(values: np.ndarray[Any, Any], path: Path) -> bytes:
    """JPEG 2000 of one slice, packed by GDCM."""
    writer = sitk.ImageFileWriter()
    writer.SetImageIO("GDCMImageIO")
    writer.SetUseCompression(True)
    writer.SetCompressor("JPEG2000")
    writer.SetFileName(str(path))
    writer.Execute(sitk.GetImageFromArray(values[None]))
    packed = pydicom.dcmread(path).PixelData
    return next(iter(generate_frames(packed, number_of_frames=1)))


@pytest.mark.parametrize("kept", [1, 0.9], ids=["whole", "cut"])
def test_a_codestream_that_is_cut_off_in_a_whole_file(
    tmp_path: Path, make_slices: Make, save_slices: Save, kept: float
) -> None:
    made = make_slices(5, Rows=16, Columns=20)
    for dataset, values in zip(made, LARGE, strict=True):
        frame = codestream(values, tmp_path / "packed")
        dataset.file_meta.TransferSyntaxUID = JPEG2000Lossless
        dataset.PixelData = encapsulate([frame[: int(kept * len(frame))]])
        dataset["PixelData"].VR = "OB"
        dataset["PixelData"].is_undefined_length = True
    files = save_slices(made, tmp_path / "series")
    if kept == 1:
        assert np.array_equal(read_series(files).voxels, LARGE)
    else:
        assert refused(files) == "unreadable_image"


@pytest.fixture
def compressed(tmp_path: Path, make_slices: Make, save_slices: Save) -> list[Path]:
    """Slices of the values LARGE; GDCM unpacks none that are as small as the others."""
    made = make_slices(5, Rows=16, Columns=20)
    for dataset, values in zip(made, LARGE, strict=True):
        dataset.PixelData = values.tobytes()
        dataset.compress(RLELossless, generate_instance_uid=False)
    return save_slices(made, tmp_path)


def test_compressed_slices(compressed: list[Path]) -> None:
    assert np.array_equal(read_series(compressed).voxels, LARGE)


def test_compressed_pixels_that_are_damaged(compressed: list[Path]) -> None:
    whole = compressed[2].read_bytes()
    item = b"\xfe\xff\x00\xe0"
    # the first item is the table of offsets; the second one starts with the number of segments
    fragment = whole.index(item, whole.index(item) + 4) + 8
    compressed[2].write_bytes(whole[:fragment] + b"\xff" * 8 + whole[fragment + 8 :])
    assert refused(compressed) == "unreadable_image"


def test_geometry_stands_in_the_image_too(
    tmp_path: Path, make_slices: Make, save_slices: Save
) -> None:
    volume = read_series(save_slices(make_slices(5), tmp_path))
    assert volume.image.GetSpacing() == volume.geometry.spacing == (0.5, 0.75, 2.5)
    assert volume.image.GetOrigin() == volume.geometry.origin == (-10, 20, 5)
    assert volume.image.GetDirection() == volume.geometry.direction


def cut(files: list[Path]) -> list[Path]:
    files[2].write_bytes(files[2].read_bytes()[:-6])
    return files


def longer_header(files: list[Path]) -> list[Path]:
    """One more row than there are pixels."""
    whole = files[2].read_bytes()
    rows = b"\x28\x00\x10\x00US\x02\x00"
    assert whole.count(rows + b"\4\0") == 1
    files[2].write_bytes(whole.replace(rows + b"\4\0", rows + b"\5\0"))
    return files


def text_instead(files: list[Path]) -> list[Path]:
    files[2].write_text("no DICOM any more")
    return files


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (cut, "unreadable_dicom"),
        (text_instead, "unreadable_dicom"),
        (lambda files: [*files[:2], files[0].with_name("gone.dcm")], "unreadable_dicom"),
        (longer_header, "pixel_header_mismatch"),
        (lambda files: files[:2] + files[3:], "missing_slices"),
        (lambda files: [*files, files[2]], "duplicate_slices"),
        (lambda files: files[::-1], "unreadable_image"),
        (lambda files: files[:1], "single_slice"),
    ],
    ids=["cut", "text", "gone", "rows", "missing", "twice", "order", "single"],
)
def test_files_that_changed_since_they_were_found(
    tmp_path: Path,
    make_slices: Make,
    save_slices: Save,
    spoil: Callable[[list[Path]], list[Path]],
    code: str,
) -> None:
    files = save_slices(make_slices(5), tmp_path)
    assert refused(spoil(files)) == code


def test_slices_of_two_series_are_not_one_volume(
    tmp_path: Path, make_slices: Make, save_slices: Save
) -> None:
    made = make_slices(5)
    made[4].SeriesInstanceUID = "1.2.99"
    assert refused(save_slices(made, tmp_path)) == "unreadable_image"


def enhanced(make_slices: Make, sop_class: str, order: tuple[int, ...]) -> Dataset:
    """A multi-frame image whose frames stand in another order than in space."""
    modality = "MR" if sop_class in (sop_classes.ENHANCED_MR, sop_classes.LEGACY_MR) else "CT"
    (dataset,) = make_slices(1, modality, SOPClassUID=sop_class, NumberOfFrames=len(order))
    for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"):
        delattr(dataset, keyword)
    dataset.PixelData = stored(5)[list(order)].astype("<i2").tobytes()
    shared, orientation, measures, rescale = (Dataset() for _ in range(4))
    orientation.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    measures.PixelSpacing, measures.SliceThickness = [0.75, 0.5], 2.5
    rescale.RescaleSlope, rescale.RescaleIntercept, rescale.RescaleType = 2, -1000, "HU"
    shared.PlaneOrientationSequence = Sequence([orientation])
    shared.PixelMeasuresSequence = Sequence([measures])
    shared.PixelValueTransformationSequence = Sequence([rescale])
    frames = []
    for index in order:
        position, frame = Dataset(), Dataset()
        position.ImagePositionPatient = [-10, 20, 5 + 2.5 * index]
        frame.PlanePositionSequence = Sequence([position])
        frames.append(frame)
    dataset.SharedFunctionalGroupsSequence = Sequence([shared])
    dataset.PerFrameFunctionalGroupsSequence = Sequence(frames)
    return dataset


@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4), (4, 3, 2, 1, 0), (2, 0, 4, 1, 3)], ids=str)
@pytest.mark.parametrize(
    "sop_class",
    [
        sop_classes.ENHANCED_CT,
        sop_classes.LEGACY_CT,
        sop_classes.ENHANCED_MR,
        sop_classes.LEGACY_MR,
    ],
)
def test_multiframe(
    tmp_path: Path, make_slices: Make, save_slices: Save, sop_class: str, order: tuple[int, ...]
) -> None:
    files = save_slices([enhanced(make_slices, sop_class, order)], tmp_path)
    volume = read_series(files)
    assert np.array_equal(volume.voxels, 2 * stored() - 1000)
    assert volume.geometry.spacing == (0.5, 0.75, 2.5)
    assert volume.geometry.origin == (-10, 20, 5)


def rescaled_by_frame(dataset: Dataset) -> None:
    shared = dataset.SharedFunctionalGroupsSequence[0]
    del shared.PixelValueTransformationSequence
    for index, frame in enumerate(dataset.PerFrameFunctionalGroupsSequence):
        rescale = Dataset()
        rescale.RescaleSlope, rescale.RescaleIntercept, rescale.RescaleType = 1 + index, 0, "US"
        frame.PixelValueTransformationSequence = Sequence([rescale])


def two_in_one_place(dataset: Dataset) -> None:
    frames = dataset.PerFrameFunctionalGroupsSequence
    frames[1].PlanePositionSequence = frames[0].PlanePositionSequence


def without_places(dataset: Dataset) -> None:
    del dataset.PerFrameFunctionalGroupsSequence


def turned_frame(dataset: Dataset) -> None:
    shared = dataset.SharedFunctionalGroupsSequence[0]
    for frame in dataset.PerFrameFunctionalGroupsSequence:
        frame.PlaneOrientationSequence = shared.PlaneOrientationSequence
    del shared.PlaneOrientationSequence
    turned = Dataset()
    turned.ImageOrientationPatient = [0, 1, 0, 0, 0, -1]
    dataset.PerFrameFunctionalGroupsSequence[3].PlaneOrientationSequence = Sequence([turned])


def far_frame(dataset: Dataset) -> None:
    place = dataset.PerFrameFunctionalGroupsSequence[4].PlanePositionSequence[0]
    place.ImagePositionPatient = [-10, 20, 20]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (rescaled_by_frame, "multiframe_unsupported"),
        (two_in_one_place, "multiframe_unsupported"),
        (without_places, "multiframe_unsupported"),
        (turned_frame, "multiframe_unsupported"),
        (far_frame, "missing_slices"),
        (lambda dataset: setattr(dataset, "NumberOfFrames", 4), "pixel_header_mismatch"),
    ],
)
def test_multiframe_that_is_no_single_volume(
    tmp_path: Path,
    make_slices: Make,
    save_slices: Save,
    change: Callable[[Dataset], None],
    code: str,
) -> None:
    dataset = enhanced(make_slices, sop_classes.ENHANCED_CT, (0, 1, 2, 3, 4))
    change(dataset)
    assert refused(save_slices([dataset], tmp_path)) == code


def test_multiframe_that_is_cut_off(tmp_path: Path, make_slices: Make, save_slices: Save) -> None:
    (path,) = save_slices([enhanced(make_slices, sop_classes.ENHANCED_CT, (0, 1, 2))], tmp_path)
    whole = path.read_bytes()
    for length in range(132, len(whole), 7):
        path.write_bytes(whole[:length])
        assert refused([path]) == "unreadable_dicom"


def same_grid(one: Volume, other: Volume) -> None:
    assert one.geometry.size == other.geometry.size
    # NIfTI keeps single precision
    assert one.geometry.spacing == pytest.approx(other.geometry.spacing, abs=1e-6)
    assert one.geometry.origin == pytest.approx(other.geometry.origin, abs=1e-4)
    assert one.geometry.direction == pytest.approx(other.geometry.direction, abs=1e-6)


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("modality", "sequence", "n_slices"), [("CT", "CT", 51), ("PT", "PET", 51), ("MR", "MR_T1", 28)]
)
def test_a_published_patient_is_the_same_as_dicom_and_as_nifti(
    shared_data: Path, modality: str, sequence: str, n_slices: int
) -> None:
    tree = scan(shared_data / "images/sts_dicom/STS_008", str).kept
    (series,) = [found for found in tree.series if found.header.modality == modality]
    assert len(series.files) == n_slices
    volume = read_series(series.files)
    nifti = read_volume(shared_data / f"images/sts/STS_008/{sequence}_image.nii.gz", "image")
    same_grid(volume, nifti)
    assert volume.geometry == series.geometry
    if modality == "PT":
        assert series.acquisition.units == "GML"
        np.testing.assert_allclose(volume.voxels, nifti.voxels, rtol=1e-6, atol=0)
    else:
        assert np.array_equal(volume.voxels, nifti.voxels)


@pytest.mark.realdata
@pytest.mark.parametrize("size", ["23x38x3", "24x38x3"])
def test_a_published_multiframe_is_the_same_as_its_slices(shared_data: Path, size: str) -> None:
    folder = shared_data / "images/dicom_seg/dcmqi/segmentations" / size
    by_folder = {series.files[0].parent.name: series for series in scan(folder, str).kept.series}
    assert set(by_folder) == {"image", "multiframe"}
    slices = read_series(by_folder["image"].files)
    multiframe = read_series(by_folder["multiframe"].files)
    same_grid(slices, multiframe)
    assert np.array_equal(slices.voxels, multiframe.voxels)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reader = sitk.ImageSeriesReader()
        reader.SetFileNames([str(path) for path in by_folder["image"].files])
        expected = sitk.GetArrayFromImage(reader.Execute())
    assert np.array_equal(slices.voxels, expected)


def test_values_fit_where_the_header_does_not_say_their_bits(
    tmp_path: Path, make_slices: Make, save_slices: Save
) -> None:
    made = make_slices(5, PixelRepresentation=0, BitsStored=None, HighBit=None)
    values = np.full((ROWS, COLUMNS), 40_000, dtype="<u2")
    for dataset in made:
        dataset.PixelData = values.tobytes()
    volume = read_series(save_slices(made, tmp_path))
    assert set(volume.voxels.ravel().tolist()) == {40_000}


@pytest.mark.parametrize("element", ["RescaleSlope", "RescaleIntercept"])
def test_a_rescale_that_is_no_number_is_refused(
    tmp_path: Path, make_slices: Make, save_slices: Save, element: str
) -> None:
    files = save_slices(make_slices(5, **{element: 2.75}), tmp_path)
    for file in files:
        # GDCM would read 2 up to the comma
        file.write_bytes(file.read_bytes().replace(b"2.75", b"2,75"))
    assert refused(files) == "unreadable_image"
    found = scan(tmp_path, lambda path: path.name)
    assert [refusal.reason_code for refusal in found.refused] == ["unreadable_image"]


def test_an_empty_rescale_is_none(tmp_path: Path, make_slices: Make, save_slices: Save) -> None:
    volume = read_series(
        save_slices(make_slices(5, RescaleSlope="", RescaleIntercept=""), tmp_path)
    )
    assert np.array_equal(volume.voxels, stored())
