import csv
import sys
from pathlib import Path
from typing import Any

import highdicom as hd
import numpy as np
import pytest
from highdicom.sr.coding import CodedConcept
from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from roentgene.ingest.sources.dicom.segmentation_object import (
    Code,
    list_segments,
    segment_mask,
    segment_references,
)
from roentgene.ingest.sources.mask import Parts
from roentgene.ingest.sources.volume import Geometry, VolumeError, read_volume
from roentgene.schemas.errors import ExtractionUnavailableError

N_SLICES, ROWS, COLUMNS = 7, 12, 16
ORIGIN = (-10.5, 20.25, -31.0)
SPACING = (0.7, 1.3, 2.5)
TISSUE = CodedConcept("85756007", "SCT", "Tissue")
PERSON = "Somebody^Known"
TURNED = np.array([[0.6, 0.0, 0.8], [0.8, 0.0, -0.6], [0.0, 1.0, 0.0]])


def grid_of(axes: np.ndarray, n_slices: int = N_SLICES) -> Geometry:
    direction = tuple(float(number) for number in axes.ravel())
    return Geometry((COLUMNS, ROWS, n_slices), SPACING, ORIGIN, direction)


def images(axes: np.ndarray) -> list[Dataset]:
    """Headers of a CT series on a grid."""
    series, study, frame = (generate_uid() for _ in range(3))
    made = []
    for number in range(N_SLICES):
        one = Dataset()
        one.file_meta = FileMetaDataset()
        one.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        one.SOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
        one.SOPInstanceUID = generate_uid()
        one.SeriesInstanceUID, one.StudyInstanceUID, one.FrameOfReferenceUID = series, study, frame
        for keyword in ("PatientID", "PatientBirthDate", "PatientSex", "AccessionNumber", "StudyID",
                        "StudyDate", "StudyTime", "ReferringPhysicianName"):  # fmt: skip
            setattr(one, keyword, "")
        one.PatientName = PERSON
        one.Modality = "CT"
        one.InstanceNumber = number + 1
        one.Rows, one.Columns = ROWS, COLUMNS
        one.PixelSpacing = [SPACING[1], SPACING[0]]
        one.SliceThickness = SPACING[2]
        one.ImageOrientationPatient = [*axes[:, 0], *axes[:, 1]]
        one.ImagePositionPatient = [*(np.array(ORIGIN) + number * SPACING[2] * axes[:, 2]).round(9)]
        one.BitsAllocated = one.BitsStored = 16
        one.HighBit, one.PixelRepresentation, one.SamplesPerPixel = 15, 0, 1
        one.PhotometricInterpretation = "MONOCHROME2"
        one.PixelData = bytes(2 * ROWS * COLUMNS)
        made.append(one)
    return made


def description(number: int, label: str) -> hd.seg.SegmentDescription:
    return hd.seg.SegmentDescription(
        number, label, TISSUE, TISSUE, "MANUAL", tracking_id=label, tracking_uid=f"1.2.3.{number}"
    )


def segmentation(
    voxels: np.ndarray, kind: str = "BINARY", axes: np.ndarray | None = None, **options: Any
) -> hd.seg.Segmentation:
    """A SEG object as highdicom writes it; voxels (z, y, x) or (z, y, x, segment)."""
    n_segments = voxels.shape[3] if voxels.ndim == 4 else max(int(np.ceil(voxels.max())), 1)
    return hd.seg.Segmentation(
        images(np.eye(3) if axes is None else axes),
        voxels,
        kind,
        [description(number, f"part {number}") for number in range(1, n_segments + 1)],
        generate_uid(),
        1,
        generate_uid(),
        1,
        "maker",
        "model",
        "1",
        "serial",
        content_creator_name=PERSON,
        **options,
    )


def write(path: Path, dataset: Dataset) -> Path:
    dataset.save_as(path)
    return path


def noise(n_segments: int, sparse: bool = False) -> np.ndarray:
    shape = (N_SLICES, ROWS, COLUMNS, n_segments)
    voxels = (np.random.default_rng(5).random(shape) > 0.7).astype(np.uint8)
    if sparse:
        voxels[[0, 2, 5]] = 0
    return voxels


def voxels_of(parts: Parts, number: int) -> np.ndarray:
    return parts.blocks[number].within(parts.geometry.size[::-1])


def refused(path: Path, **options: Any) -> VolumeError:
    with pytest.raises(VolumeError) as caught:
        segment_mask(path, **options)
    return caught.value


@pytest.mark.parametrize("axes", [np.eye(3), TURNED], ids=["axial", "turned"])
@pytest.mark.parametrize("sparse", [False, True])
def test_overlapping_segments_on_the_grid_of_the_image(
    tmp_path: Path, axes: np.ndarray, sparse: bool
) -> None:
    drawn = noise(3, sparse)
    path = write(tmp_path / "a.dcm", segmentation(drawn, axes=axes))
    n_frames = int(dcmread(path).NumberOfFrames)
    assert n_frames == 3 * (4 if sparse else 7)
    parts = segment_mask(path, geometry=grid_of(axes))
    assert parts.geometry == grid_of(axes)
    for number in (1, 2, 3):
        assert np.array_equal(voxels_of(parts, number), drawn[..., number - 1] == 1)
    assert parts.inventory() == {n: int(drawn[..., n - 1].sum()) for n in (1, 2, 3)}


@pytest.mark.parametrize("axes", [np.eye(3), TURNED], ids=["axial", "turned"])
def test_the_grid_of_its_own_frames(tmp_path: Path, axes: np.ndarray) -> None:
    drawn = noise(1, sparse=True)
    parts = segment_mask(write(tmp_path / "a.dcm", segmentation(drawn, axes=axes)))
    # slices 1, 3, 4 and 6 are there
    assert parts.geometry.size == (COLUMNS, ROWS, 6)
    assert parts.geometry.spacing == pytest.approx(SPACING)
    first = np.array(ORIGIN) + SPACING[2] * axes[:, 2]
    assert parts.geometry.origin == pytest.approx(first)
    assert parts.geometry.direction == pytest.approx(axes.ravel())
    assert np.array_equal(voxels_of(parts, 1), drawn[1:, ..., 0] == 1)


def test_every_second_slice_of_the_image(tmp_path: Path) -> None:
    # of its own frames one would think that the slices are twice as far apart
    drawn = np.zeros((N_SLICES, ROWS, COLUMNS), dtype=np.uint8)
    drawn[[1, 3, 5], 2:5, 3:8] = 1
    made = segmentation(drawn)
    measures = made.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    del measures.SpacingBetweenSlices
    path = write(tmp_path / "a.dcm", made)
    parts = segment_mask(path, geometry=grid_of(np.eye(3)))
    assert np.array_equal(voxels_of(parts, 1), drawn == 1)
    assert segment_mask(path).geometry.spacing[2] == 5.0
    measures.SpacingBetweenSlices = 2.5
    own = segment_mask(write(tmp_path / "b.dcm", made))
    assert (own.geometry.spacing[2], own.geometry.size[2]) == (2.5, 5)
    assert own.inventory() == parts.inventory()


@pytest.mark.parametrize(
    "other",
    [
        Geometry((COLUMNS, ROWS, 4), SPACING, ORIGIN, tuple(np.eye(3).ravel())),
        Geometry((COLUMNS + 1, ROWS, 7), SPACING, ORIGIN, tuple(np.eye(3).ravel())),
        Geometry((COLUMNS, ROWS, 7), SPACING, (-10.5, 20.5, -31.0), tuple(np.eye(3).ravel())),
        Geometry((COLUMNS, ROWS, 7), SPACING, (-10.5, 20.25, -30.0), tuple(np.eye(3).ravel())),
        Geometry((COLUMNS, ROWS, 7), (0.7, 1.3, 2.4), ORIGIN, tuple(np.eye(3).ravel())),
        Geometry((COLUMNS, ROWS, 7), (0.7, 1.2, 2.5), ORIGIN, tuple(np.eye(3).ravel())),
        Geometry((COLUMNS, ROWS, 7), SPACING, ORIGIN, tuple(TURNED.ravel())),
        Geometry((COLUMNS, ROWS, 7), SPACING, ORIGIN, (-1, 0, 0, 0, -1, 0, 0, 0, 1)),
    ],
)
def test_another_grid_is_not_forced_upon_it(tmp_path: Path, other: Geometry) -> None:
    drawn = noise(1)
    parts = segment_mask(write(tmp_path / "a.dcm", segmentation(drawn)), geometry=other)
    assert parts.geometry != other
    assert parts.geometry.space_id == grid_of(np.eye(3)).space_id
    assert np.array_equal(voxels_of(parts, 1), drawn[..., 0] == 1)


def test_a_grid_within_the_tolerance(tmp_path: Path) -> None:
    path = write(tmp_path / "a.dcm", segmentation(noise(1)))
    nearly = Geometry(
        (COLUMNS, ROWS, 9), SPACING, (-10.5004, 20.25, -33.5), tuple(np.eye(3).ravel())
    )
    assert segment_mask(path, geometry=nearly).geometry == nearly
    assert segment_mask(path, geometry=nearly, tolerance_mm=1e-4).geometry != nearly


def test_fractions(tmp_path: Path) -> None:
    drawn = np.random.default_rng(6).random((N_SLICES, ROWS, COLUMNS))
    made = segmentation(drawn, "FRACTIONAL", max_fractional_value=10)
    path = write(tmp_path / "a.dcm", made)
    error = refused(path)
    assert error.reason_code == "fraction_threshold_missing"
    for wrong in (0.0, 1.1):
        assert refused(path, fraction_threshold=wrong).reason_code == error.reason_code
    for threshold in (0.1, 0.3, 0.5, 0.7, 1.0):
        stored = np.around(drawn * 10)
        parts = segment_mask(path, threshold, grid_of(np.eye(3)))
        # exact in whole numbers: 3 of 10 are 0.3, whatever 0.3 is in binary
        assert np.array_equal(voxels_of(parts, 1), stored >= round(threshold * 10))


@pytest.mark.parametrize("threshold", [0.01, 0.5, 1.0])
def test_all_or_nothing_fractions_are_the_binary_region(tmp_path: Path, threshold: float) -> None:
    drawn = noise(1)[..., 0]
    binary = segment_mask(write(tmp_path / "a.dcm", segmentation(drawn)))
    fractional = segmentation(drawn.astype(np.float64), "FRACTIONAL")
    parts = segment_mask(write(tmp_path / "b.dcm", fractional), threshold)
    assert np.array_equal(voxels_of(parts, 1), voxels_of(binary, 1))
    assert parts.geometry == binary.geometry


def test_label_map(tmp_path: Path) -> None:
    drawn = np.random.default_rng(7).integers(0, 4, (N_SLICES, ROWS, COLUMNS)).astype(np.uint8)
    drawn[3] = 0
    path = write(tmp_path / "a.dcm", segmentation(drawn, "LABELMAP"))
    parts = segment_mask(path, geometry=grid_of(np.eye(3)))
    assert sorted(parts.blocks) == [1, 2, 3]
    for number in (1, 2, 3):
        assert np.array_equal(voxels_of(parts, number), drawn == number)
    assert [segment.number for segment in list_segments(path)] == [1, 2, 3]


def test_a_label_that_no_segment_describes(tmp_path: Path) -> None:
    drawn = np.zeros((N_SLICES, ROWS, COLUMNS), dtype=np.uint8)
    drawn[2, 2:5, 2:5], drawn[3, 4, 4] = 1, 2
    made = segmentation(drawn, "LABELMAP")
    del made.SegmentSequence[-1]
    error = refused(write(tmp_path / "a.dcm", made))
    assert error.reason_code == "unreadable_mask"
    assert "segment 2" in error.message
    # unless it pads
    made.PixelPaddingValue = 2
    assert segment_mask(write(tmp_path / "a.dcm", made)).inventory() == {1: 9}


def test_a_segment_without_a_frame(tmp_path: Path) -> None:
    drawn = noise(2)
    drawn[..., 1] = 0
    path = write(tmp_path / "a.dcm", segmentation(drawn))
    assert segment_mask(path).inventory() == {1: int(drawn[..., 0].sum()), 2: 0}
    assert [segment.label for segment in list_segments(path)] == ["part 1", "part 2"]


def test_what_a_segment_stands_for(tmp_path: Path) -> None:
    path = write(tmp_path / "a.dcm", segmentation(noise(2)))
    _, second = list_segments(path)
    assert second.category == second.property_type == Code("85756007", "SCT", "Tissue")
    assert (second.tracking_id, second.tracking_uid) == ("part 2", "1.2.3.2")
    assert (second.algorithm_type, second.algorithm_name) == ("MANUAL", None)
    assert "Somebody" not in repr(list_segments(path))


def test_references(tmp_path: Path) -> None:
    made = segmentation(noise(1, sparse=True))
    path = write(tmp_path / "a.dcm", made)
    found = segment_references(path)
    assert found.series_uids == {made.ReferencedSeriesSequence[0].SeriesInstanceUID}
    assert found.frame_of_reference_uids == {made.FrameOfReferenceUID}
    listed = made.ReferencedSeriesSequence[0].ReferencedInstanceSequence
    images = {image.ReferencedSOPInstanceUID for image in listed}
    assert found.sop_instance_uids == images
    assert len(images) == N_SLICES
    # without the list, the images that its frames were derived from
    del made.ReferencedSeriesSequence
    found = segment_references(write(tmp_path / "b.dcm", made))
    assert found.series_uids == frozenset()
    assert found.sop_instance_uids == images
    del made.SourceImageSequence
    found = segment_references(write(tmp_path / "c.dcm", made))
    assert found.sop_instance_uids < images
    assert len(found.sop_instance_uids) == 4


def of_frame(dataset: Dataset, index: int, group: str) -> Dataset:
    return dataset.PerFrameFunctionalGroupsSequence[index][f"{group}Sequence"][0]


def on_a_slide(dataset: Dataset) -> None:
    dataset.TotalPixelMatrixRows = 1000


def without_position(dataset: Dataset) -> None:
    del dataset.PerFrameFunctionalGroupsSequence[2].PlanePositionSequence


def uneven(dataset: Dataset) -> None:
    of_frame(dataset, 2, "PlanePosition").ImagePositionPatient = [*ORIGIN[:2], -25.1]


def shifted(dataset: Dataset) -> None:
    of_frame(dataset, 2, "PlanePosition").ImagePositionPatient = [-9.5, 20.25, -26.0]


def twice(dataset: Dataset) -> None:
    of_frame(dataset, 2, "PlanePosition").ImagePositionPatient = [*ORIGIN[:2], -28.5]


def far_away(dataset: Dataset) -> None:
    of_frame(dataset, 6, "PlanePosition").ImagePositionPatient = [*ORIGIN[:2], -31 + 2.5 * 20_000]


def turned(dataset: Dataset) -> None:
    shared = dataset.SharedFunctionalGroupsSequence[0]
    for frame in dataset.PerFrameFunctionalGroupsSequence:
        orientation = Dataset()
        orientation.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        frame.PlaneOrientationSequence = [orientation]
    of_frame(dataset, 1, "PlaneOrientation").ImageOrientationPatient = [0, 1, 0, -1, 0, 0]
    del shared.PlaneOrientationSequence


def skewed(dataset: Dataset) -> None:
    shared = dataset.SharedFunctionalGroupsSequence[0]
    shared.PlaneOrientationSequence[0].ImageOrientationPatient = [1, 0, 0, 0.2, 1, 0]


def without_size(dataset: Dataset) -> None:
    dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].PixelSpacing = [0, 0.7]


def undescribed(dataset: Dataset) -> None:
    shared = dataset.SharedFunctionalGroupsSequence[0]
    shared.SegmentIdentificationSequence[0].ReferencedSegmentNumber = 4


def one_frame_less(dataset: Dataset) -> None:
    del dataset.PerFrameFunctionalGroupsSequence[-1]


def without_segments(dataset: Dataset) -> None:
    del dataset.SegmentSequence


def bomb(dataset: Dataset) -> None:
    dataset.Rows = dataset.Columns = 60_000


@pytest.mark.parametrize(
    ("harm", "reason_code"),
    [
        (on_a_slide, "not_in_patient_space"),
        (without_position, "not_in_patient_space"),
        (uneven, "irregular_frames"),
        (shifted, "irregular_frames"),
        (twice, "irregular_frames"),
        (far_away, "irregular_frames"),
        (turned, "irregular_frames"),
        (skewed, "invalid_geometry"),
        (without_size, "invalid_geometry"),
        (undescribed, "unreadable_mask"),
        (one_frame_less, "unreadable_mask"),
        (without_segments, "unreadable_mask"),
        (bomb, "pixel_header_mismatch"),
    ],
)
def test_refused(tmp_path: Path, harm: Any, reason_code: str) -> None:
    write(tmp_path / "a.dcm", segmentation(noise(1)))
    dataset = dcmread(tmp_path / "a.dcm")
    harm(dataset)
    error = refused(write(tmp_path / "b.dcm", dataset))
    assert error.reason_code == reason_code
    assert "\n" not in error.message
    assert "Somebody" not in error.message


def test_frames_that_have_their_places_on_the_image_need_no_even_stack(tmp_path: Path) -> None:
    drawn = np.zeros((N_SLICES, ROWS, COLUMNS), dtype=np.uint8)
    drawn[[0, 2, 5], 3, 3] = 1
    made = segmentation(drawn)
    del made.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].SpacingBetweenSlices
    path = write(tmp_path / "a.dcm", made)
    assert refused(path).reason_code == "irregular_frames"
    parts = segment_mask(path, geometry=grid_of(np.eye(3)))
    assert np.array_equal(voxels_of(parts, 1), drawn == 1)


def test_one_slice_needs_a_thickness(tmp_path: Path) -> None:
    drawn = np.zeros((N_SLICES, ROWS, COLUMNS), dtype=np.uint8)
    drawn[4, 2:6, 3:9] = 1
    made = segmentation(drawn)
    path = write(tmp_path / "a.dcm", made)
    assert segment_mask(path).geometry.size == (COLUMNS, ROWS, 1)
    assert segment_mask(path).geometry.spacing[2] == 2.5
    measures = made.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    measures.SliceThickness, measures.SpacingBetweenSlices = 0, 0
    path = write(tmp_path / "a.dcm", made)
    assert refused(path).reason_code == "irregular_frames"
    parts = segment_mask(path, geometry=grid_of(np.eye(3)))
    assert np.array_equal(voxels_of(parts, 1), drawn == 1)


@pytest.mark.parametrize("read", [list_segments, segment_references, segment_mask])
def test_other_files(tmp_path: Path, read: Any) -> None:
    with pytest.raises(VolumeError) as caught:
        read(tmp_path / "gone.dcm")
    assert caught.value.reason_code == "unreadable_mask"
    with pytest.raises(VolumeError) as caught:
        read(write_image(tmp_path / "ct.dcm"))
    assert caught.value.reason_code == "not_a_segmentation"


def write_image(path: Path) -> Path:
    one = images(np.eye(3))[0]
    one.file_meta.MediaStorageSOPClassUID = one.SOPClassUID
    one.file_meta.MediaStorageSOPInstanceUID = one.SOPInstanceUID
    one.save_as(path, enforce_file_format=True)
    return path


def test_a_file_that_is_cut_off(tmp_path: Path) -> None:
    data = write(tmp_path / "a.dcm", segmentation(noise(2))).read_bytes()
    cut = tmp_path / "cut.dcm"
    # the pixels are followed by nothing
    for length in (*range(0, len(data), 997), len(data) - 2, len(data) - 1):
        cut.write_bytes(data[:length])
        assert refused(cut).reason_code == "unreadable_mask", length
        with pytest.raises(VolumeError):
            list_segments(cut)


def test_damage_is_named(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    data = write(tmp_path / "a.dcm", segmentation(noise(1))).read_bytes()
    rng = np.random.default_rng(8)
    damaged = tmp_path / "damaged.dcm"
    for _ in range(100):
        spoilt = bytearray(data)
        for place in rng.integers(len(data), size=rng.integers(1, 5)):
            spoilt[place] = rng.integers(256)
        damaged.write_bytes(bytes(spoilt))
        try:
            segment_mask(damaged, geometry=grid_of(np.eye(3)))
        except VolumeError as error:
            assert "Somebody" not in str(error)
    assert capfd.readouterr() == ("", "")


def test_without_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.dcm", segmentation(noise(1)))
    monkeypatch.setitem(sys.modules, "highdicom.seg", None)
    with pytest.raises(ExtractionUnavailableError) as caught:
        segment_mask(path)
    assert "roentgene[dicomseg]" in caught.value.cure
    # what the segments are can be told without it
    assert len(list_segments(path)) == 1


# ------------------------------------------------------------------ real segmentation objects

FOLDER = "images/dicom_seg"
SEG = "dcmqi/segmentations"
#: Every DICOM file of the folder that is no segmentation.
OTHERS = [
    *(f"{SEG}/{size}/image/IMG000{n}.dcm" for size in ("23x38x3", "24x38x3") for n in (1, 2, 3)),
    *(f"{SEG}/{size}/multiframe/mf.dcm" for size in ("23x38x3", "24x38x3")),
    *(f"{SEG}/ct-3slice/0{n}.dcm" for n in (1, 2, 3)),
    "dcmqi/sr-example/rwvm.dcm",
    "dcmqi/sr-example/sr.dcm",
    "highdicom/ct_image.dcm",
    "highdicom/sr_document.dcm",
    "highdicom/sr_document_with_multiple_groups.dcm",
]
#: Every segmentation, its voxels by segment, and label images of it where there are any; counts
#: without a label image are those of highdicom 0.28.2.
SEGMENTATIONS: list[tuple[str, dict[int, int], list[str]]] = [
    (f"{SEG}/23x38x3/seg/label.seg", {1: 322}, [f"{SEG}/23x38x3/nrrd/label.nrrd"]),
    (f"{SEG}/24x38x3/seg/label.seg", {1: 315}, [f"{SEG}/24x38x3/nrrd/label.nrrd"]),
    (f"{SEG}/liver.dcm", {1: 107098}, [f"{SEG}/liver_seg.nrrd"]),
    (
        f"{SEG}/partial_overlaps.dcm",
        {1: 9602, 2: 11888, 3: 10743, 4: 6693, 5: 4713},
        [f"{SEG}/partial_overlaps-{n}.nrrd" for n in (1, 2, 3)],
    ),
    (f"{SEG}/sparse-labelmap-noppv.dcm", {1: 630}, [f"{SEG}/sparse_labelmap_noppv_seg.nrrd"]),
    (f"{SEG}/sparse-labelmap-ppv5.dcm", {1: 630}, [f"{SEG}/sparse_labelmap_ppv5_seg.nrrd"]),
    ("dcmqi/sr-example/seg.dcm", {1: 795}, []),
    ("highdicom/seg_image_ct_binary.dcm", {1: 638}, []),
    ("highdicom/seg_image_ct_binary_fractional.dcm", {1: 638}, []),
    ("highdicom/seg_image_ct_binary_overlap.dcm", {1: 64, 2: 16}, []),
    ("highdicom/seg_image_ct_binary_single_frame.dcm", {1: 1832}, []),
    ("highdicom/seg_image_ct_true_fractional.dcm", {1: 638}, []),
]
FRACTIONAL = [name for name, _, _ in SEGMENTATIONS if "fractional" in name]
NRRD = [name for _, _, names in SEGMENTATIONS for name in names]


@pytest.mark.realdata
def test_the_table_is_complete(shared_data: Path) -> None:
    folder = shared_data / FOLDER
    files = {path for path in folder.rglob("*") if path.is_file()}
    dicom = {
        str(path.relative_to(folder)) for path in files if path.read_bytes()[128:132] == b"DICM"
    }
    assert dicom == {*OTHERS, *(name for name, _, _ in SEGMENTATIONS)}


@pytest.mark.realdata
@pytest.mark.parametrize("name", OTHERS)
def test_other_objects(shared_data: Path, name: str) -> None:
    assert refused(shared_data / FOLDER / name).reason_code == "not_a_segmentation"


@pytest.mark.realdata
@pytest.mark.parametrize("name", NRRD)
def test_label_images_are_no_segmentation_objects(shared_data: Path, name: str) -> None:
    assert refused(shared_data / FOLDER / name).reason_code == "unreadable_mask"


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("name", "voxels", "labels"), SEGMENTATIONS, ids=[name for name, _, _ in SEGMENTATIONS]
)
def test_every_segmentation(
    shared_data: Path, name: str, voxels: dict[int, int], labels: list[str]
) -> None:
    path = shared_data / FOLDER / name
    with (shared_data / "reference/dicom_seg_expected.csv").open(newline="") as stream:
        expected = next(row for row in csv.DictReader(stream) if row["file"] == name)
    listed = {segment.number: segment.label for segment in list_segments(path)}
    assert expected["segments"].removeprefix("0=Background; ") == "; ".join(
        f"{number}={label}" for number, label in listed.items()
    )
    if expected["segmentation_type"] == "FRACTIONAL":
        assert refused(path).reason_code == "fraction_threshold_missing"
    parts = segment_mask(path, 0.5)
    assert parts.geometry.size[:2] == (int(expected["cols"]), int(expected["rows"]))
    assert parts.inventory() == voxels
    # the same on a grid that is given
    again = segment_mask(path, 0.5, parts.geometry)
    assert again.geometry == parts.geometry
    assert again.inventory() == voxels
    found = set()
    for label_image in labels:
        volume = read_volume(shared_data / FOLDER / label_image, "mask")
        on_image = segment_mask(path, 0.5, volume.geometry)
        assert on_image.geometry == volume.geometry
        for number in voxels:
            if (volume.voxels == number).any():
                assert np.array_equal(voxels_of(on_image, number), volume.voxels == number)
                found.add(number)
    assert found == (set(voxels) if labels else set())


@pytest.mark.realdata
def test_thresholds_of_real_fractions(shared_data: Path) -> None:
    folder = shared_data / FOLDER / "highdicom"
    binary = segment_mask(folder / "seg_image_ct_binary.dcm")
    for threshold in (0.1, 1.0):
        parts = segment_mask(folder / "seg_image_ct_binary_fractional.dcm", threshold)
        assert np.array_equal(voxels_of(parts, 1), voxels_of(binary, 1))
    # its voxels are 128 of 255
    true_fractional = folder / "seg_image_ct_true_fractional.dcm"
    assert segment_mask(true_fractional, 0.5).inventory() == {1: 638}
    assert segment_mask(true_fractional, 0.51).inventory() == {1: 0}


@pytest.mark.realdata
def test_a_single_frame_lies_on_its_image(shared_data: Path) -> None:
    folder = shared_data / FOLDER / "highdicom"
    header = dcmread(folder / "ct_image.dcm", stop_before_pixels=True)
    x, y, z = (float(number) for number in header.ImagePositionPatient)
    spacing = float(header.PixelSpacing[0])
    direction = tuple(np.eye(3).ravel())
    # as the middle one of three slices
    grid = Geometry((128, 128, 3), (spacing, spacing, 5.0), (x, y, z - 5.0), direction)
    parts = segment_mask(folder / "seg_image_ct_binary_single_frame.dcm", geometry=grid)
    assert parts.geometry == grid
    assert np.flatnonzero(voxels_of(parts, 1).any(axis=(1, 2))).tolist() == [1]
    found = segment_references(folder / "seg_image_ct_binary_single_frame.dcm")
    assert found.series_uids == {str(header.SeriesInstanceUID)}
    assert found.sop_instance_uids == {str(header.SOPInstanceUID)}
