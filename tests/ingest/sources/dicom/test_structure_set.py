from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from roentgene.ingest.sources.dicom.contours import fill
from roentgene.ingest.sources.dicom.linking import References, SeriesIdentity, link
from roentgene.ingest.sources.dicom.structure_set import (
    Roi,
    StructureSet,
    read_structure_set,
    structure_mask,
)
from roentgene.ingest.sources.volume import Geometry, VolumeError, read_volume

CLASS = "1.2.840.10008.5.1.4.1.1.481.3"
GRID = Geometry((12, 10, 6), (1.0, 1.0, 2.0), (0.0, 0.0, 0.0), (1, 0, 0, 0, 1, 0, 0, 0, 1))
PERSON = "Somebody^Known"


def item(**elements: Any) -> Dataset:
    made = Dataset()
    for keyword, value in elements.items():
        setattr(made, keyword, value)
    return made


def contour(
    z: float, low: float = 1, high: float = 5, kind: str = "CLOSED_PLANAR", image: str = "1.2.9"
) -> Dataset:
    corners = [(low, low), (high, low), (high, high), (low, high)]
    return item(
        ContourGeometricType=kind,
        NumberOfContourPoints=4,
        ContourData=[number for x, y in corners for number in (x, y, z)],
        ContourImageSequence=[item(ReferencedSOPInstanceUID=f"{image}.{int(z)}")],
    )


def structures(rois: dict[str, list[Dataset]]) -> Dataset:
    images = [item(ReferencedSOPInstanceUID=f"1.2.9.{n}") for n in range(12)]
    series = item(SeriesInstanceUID="1.2.8", ContourImageSequence=images)
    study = item(ReferencedSOPInstanceUID="1.2.7", RTReferencedSeriesSequence=[series])
    frame = item(FrameOfReferenceUID="1.2.6", RTReferencedStudySequence=[study])
    return item(
        SOPClassUID=CLASS,
        SOPInstanceUID="1.2.5",
        PatientName=PERSON,
        StructureSetDate="20010203",
        ReferencedFrameOfReferenceSequence=[frame],
        StructureSetROISequence=[
            item(
                ROINumber=number,
                ROIName=name,
                ROIGenerationAlgorithm="MANUAL",
                ReferencedFrameOfReferenceUID="1.2.6",
            )
            for number, name in enumerate(rois, 1)
        ],
        ROIContourSequence=[
            item(ReferencedROINumber=number, ContourSequence=contours)
            if contours
            else item(ReferencedROINumber=number)
            for number, contours in enumerate(rois.values(), 1)
        ],
        RTROIObservationsSequence=[
            item(ReferencedROINumber=1, RTROIInterpretedType="GTV", ROIInterpreter=PERSON)
        ],
    )


def write(path: Path, dataset: Dataset, implicit: bool = True) -> Path:
    syntax = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.save_as(path, enforce_file_format=True)
    return path


def three_rois(path: Path, **options: Any) -> Path:
    rois = {
        "GTV": [contour(2), contour(4), contour(4, 2, 4)],
        "empty": [],
        "node": [contour(6, 3, 5)],
    }
    return write(path, structures(rois), **options)


def refused(path: Path) -> VolumeError:
    with pytest.raises(VolumeError) as caught:
        read_structure_set(path)
    return caught.value


@pytest.mark.parametrize("implicit", [True, False])
def test_what_is_read(tmp_path: Path, implicit: bool) -> None:
    found = read_structure_set(three_rois(tmp_path / "rs.dcm", implicit=implicit))
    assert found.sop_instance_uid == "1.2.5"
    assert found.series_uids == {"1.2.8"}
    assert len(found.sop_instance_uids) == 12
    assert found.frame_of_reference_uids == {"1.2.6"}
    gtv, empty, node = found.rois
    assert (gtv.number, gtv.name, gtv.interpreted_type) == (1, "GTV", "GTV")
    assert (gtv.geometric_types, gtv.generation_algorithm) == (("CLOSED_PLANAR",), "MANUAL")
    assert [points.shape for points in gtv.contours] == [(4, 3)] * 3
    assert gtv.contours[2].tolist() == [[2, 2, 4], [4, 2, 4], [4, 4, 4], [2, 4, 4]]
    assert gtv.sop_instance_uids == {"1.2.9.2", "1.2.9.4"}
    assert (empty.contours, empty.fault, node.interpreted_type) == ((), None, None)
    assert found.references(1) == References(
        frozenset({"1.2.8"}), gtv.sop_instance_uids, frozenset({"1.2.6"})
    )
    assert found.references(2).sop_instance_uids == found.sop_instance_uids


def test_no_person_and_no_date_is_kept(tmp_path: Path) -> None:
    told = repr(read_structure_set(three_rois(tmp_path / "rs.dcm")))
    assert "GTV" in told
    assert "Somebody" not in told
    assert "2001" not in told


def test_masks(tmp_path: Path) -> None:
    found = read_structure_set(three_rois(tmp_path / "rs.dcm"))
    parts, faults = structure_mask(found, GRID)
    # 16 voxels on slice 1, 16 with a hole of 4 on slice 2
    assert parts.inventory() == {1: 28, 2: 0, 3: 4}
    assert parts.geometry == GRID
    assert parts.region((1, 2)).n_voxels == 28
    assert parts.region(()).n_voxels == 32
    assert {number: fault.reason_code for number, fault in faults.items()} == {
        2: "roi_without_contours"
    }
    parts, faults = structure_mask(found, GRID, [3, 9])
    assert parts.inventory() == {3: 4}
    code, detail = faults[9]
    assert (code, "no ROI 9" in detail) == ("label_absent", True)


def spoil_coordinate(contours: list[Dataset]) -> None:
    contours[0].ContourData = [1, 2, 3, 4]


def spoil_count(contours: list[Dataset]) -> None:
    contours[0].NumberOfContourPoints = 7


def spoil_place(contours: list[Dataset]) -> None:
    contours[0].ContourData = [1e30, *contours[0].ContourData[1:]]


def take_points(contours: list[Dataset]) -> None:
    contours[0].ContourData = []


def make_point(contours: list[Dataset]) -> None:
    contours[1].ContourGeometricType = "POINT"


def make_open(contours: list[Dataset]) -> None:
    contours[0].ContourGeometricType = "OPEN_PLANAR"


def take_kind(contours: list[Dataset]) -> None:
    del contours[0].ContourGeometricType


@pytest.mark.parametrize(
    ("harm", "reason_code"),
    [
        (spoil_coordinate, "malformed_contours"),
        (spoil_count, "malformed_contours"),
        (spoil_place, "malformed_contours"),
        (take_points, "malformed_contours"),
        (make_point, "contours_not_closed"),
        (make_open, "contours_not_closed"),
        (take_kind, "contours_not_closed"),
    ],
)
def test_a_bad_roi_costs_only_itself(tmp_path: Path, harm: Any, reason_code: str) -> None:
    bad = [contour(2), contour(4)]
    harm(bad)
    path = write(tmp_path / "rs.dcm", structures({"a": [contour(2)], "bad": bad, "b": []}))
    found = read_structure_set(path)
    assert [roi.fault is None for roi in found.rois] == [True, False, True]
    parts, faults = structure_mask(found, GRID)
    assert parts.inventory() == {1: 16, 3: 0}
    assert faults[2].reason_code == reason_code
    assert faults[2] == found.rois[1].fault


def test_letters_for_coordinates(tmp_path: Path) -> None:
    path = write(tmp_path / "rs.dcm", structures({"a": [contour(2)], "b": [contour(4, 2, 7)]}))
    data = path.read_bytes()
    assert data.count(b"7.0\\2.0\\4.0") == 1
    path.write_bytes(data.replace(b"7.0\\2.0\\4.0", b"x.0\\2.0\\4.0"))
    first, second = read_structure_set(path).rois
    assert first.fault is None
    assert second.fault is not None
    assert second.fault.reason_code == "malformed_contours"


def test_rois_that_cannot_be_told_apart(tmp_path: Path) -> None:
    dataset = structures({"a": [contour(2)], "b": [contour(4)], "c": [contour(6)]})
    dataset.StructureSetROISequence[1].ROINumber = 1
    first, third, unnamed = read_structure_set(write(tmp_path / "rs.dcm", dataset)).rois
    assert (first.number, third.number, unnamed.number) == (1, 3, 2)
    assert third.fault is None
    for roi in (first, unnamed):
        assert roi.fault is not None
        assert roi.fault.reason_code == "malformed_contours"


def test_faults_of_the_grid_cost_only_their_roi(tmp_path: Path) -> None:
    tilted = contour(4)
    tilted.ContourData = [1, 1, 4, 5, 1, 4, 5, 5, 8, 1, 5, 8]
    rois = {"a": [contour(2)], "beyond": [contour(2, 1, 20)], "tilted": [tilted]}
    parts, faults = structure_mask(
        read_structure_set(write(tmp_path / "rs.dcm", structures(rois))), GRID
    )
    assert parts.inventory() == {1: 16}
    assert {number: fault.reason_code for number, fault in faults.items()} == {
        2: "contours_beyond_grid",
        3: "contours_off_plane",
    }


def test_exclusive_or_contours_are_closed(tmp_path: Path) -> None:
    rois = {"a": [contour(2, kind="CLOSEDPLANAR_XOR"), contour(2, 2, 4, kind="CLOSEDPLANAR_XOR")]}
    parts, faults = structure_mask(
        read_structure_set(write(tmp_path / "rs.dcm", structures(rois))), GRID
    )
    assert (parts.inventory(), faults) == ({1: 12}, {})


def test_other_files(tmp_path: Path) -> None:
    assert refused(tmp_path / "gone.dcm").reason_code == "unreadable_mask"
    (tmp_path / "text.dcm").write_text("no DICOM file" * 100)
    assert refused(tmp_path / "text.dcm").reason_code == "unreadable_mask"
    dataset = structures({})
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    error = refused(write(tmp_path / "ct.dcm", dataset))
    assert error.reason_code == "not_a_segmentation"
    assert "CT Image Storage" in error.message


def without_rois(dataset: Dataset) -> None:
    del dataset.StructureSetROISequence


def without_contours(dataset: Dataset) -> None:
    del dataset.ROIContourSequence


def without_number(dataset: Dataset) -> None:
    del dataset.ROIContourSequence[0].ReferencedROINumber


@pytest.mark.parametrize("harm", [without_rois, without_contours, without_number])
def test_what_must_be_there(tmp_path: Path, harm: Any) -> None:
    dataset = structures({"a": [contour(2)]})
    harm(dataset)
    assert refused(write(tmp_path / "rs.dcm", dataset)).reason_code == "unreadable_mask"


@pytest.mark.parametrize("implicit", [True, False])
@pytest.mark.parametrize("undefined_length", [True, False])
def test_a_file_that_is_cut_off_loses_no_contour_silently(
    tmp_path: Path, implicit: bool, undefined_length: bool
) -> None:
    dataset = structures({"a": [contour(2), contour(4)], "b": [contour(6)]})
    if undefined_length:
        dataset["ROIContourSequence"].is_undefined_length = True
        for drawn in dataset.ROIContourSequence:
            drawn.is_undefined_length_sequence_item = True
            drawn["ContourSequence"].is_undefined_length = True
    data = write(tmp_path / "rs.dcm", dataset, implicit).read_bytes()
    cut = tmp_path / "cut.dcm"
    whole = [roi.contours for roi in read_structure_set(tmp_path / "rs.dcm").rois]
    for length in range(0, len(data), 3):
        cut.write_bytes(data[:length])
        try:
            found = read_structure_set(cut)
        except VolumeError as error:
            assert error.reason_code == "unreadable_mask"
        else:
            assert str([roi.contours for roi in found.rois]) == str(whole)


def test_damage_is_named(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    data = three_rois(tmp_path / "rs.dcm").read_bytes()
    rng = np.random.default_rng(4)
    damaged = tmp_path / "damaged.dcm"
    for _ in range(300):
        spoilt = bytearray(data)
        for place in rng.integers(len(data), size=rng.integers(1, 5)):
            spoilt[place] = rng.integers(256)
        damaged.write_bytes(bytes(spoilt))
        try:
            structure_mask(read_structure_set(damaged), GRID)
        except VolumeError as error:
            assert "Somebody" not in str(error)
            assert str(tmp_path) not in str(error)
    assert capfd.readouterr() == ("", "")


# ------------------------------------------------------------------------- real structure sets


def of_sarcoma(shared_data: Path, modality: str) -> StructureSet:
    return read_structure_set(shared_data / f"images/sts_dicom/STS_008/{modality}/mask/RS.dcm")


@pytest.mark.realdata
@pytest.mark.parametrize("modality", ["CT", "PET", "MR_T1"])
def test_masks_are_those_that_were_published(shared_data: Path, modality: str) -> None:
    published = read_volume(shared_data / f"images/sts/STS_008/{modality}_mask.nii.gz", "mask")
    parts, faults = structure_mask(of_sarcoma(shared_data, modality), published.geometry)
    assert faults == {}
    found = parts.region((1,)).within(published.voxels.shape)
    assert found.any()
    assert np.array_equal(found, published.voxels == 1)


@pytest.mark.realdata
def test_structure_sets_of_one_frame_find_their_own_series(shared_data: Path) -> None:
    series = []
    for modality in ("CT", "PET", "MR_T1"):
        folder = shared_data / f"images/sts_dicom/STS_008/{modality}/image"
        headers = [dcmread(path, stop_before_pixels=True) for path in sorted(folder.iterdir())]
        images = frozenset(str(header.SOPInstanceUID) for header in headers)
        frame = str(headers[0].FrameOfReferenceUID)
        series.append(SeriesIdentity(str(headers[0].SeriesInstanceUID), images, frame))
    assert len({one.frame_of_reference_uid for one in series}) == 1
    for modality, own in zip(("CT", "PET", "MR_T1"), series, strict=True):
        found = link(of_sarcoma(shared_data, modality).references(1), series)
        assert (found.series_uid, found.rule) == (own.series_uid, "series")


def of_breast(shared_data: Path) -> dict[int, Roi]:
    found = read_structure_set(shared_data / "dose/dicompyler_rt/rtss.dcm")
    return {roi.number: roi for roi in found.rois}


@pytest.mark.realdata
def test_rois_of_a_treatment_plan(shared_data: Path) -> None:
    rois = of_breast(shared_data)
    counts = {number: len(roi.contours) for number, roi in rois.items()}
    assert counts == {1: 141, 2: 0, 3: 2, 4: 48, 5: 33, 6: 165, 7: 4, 8: 6, 9: 18, 10: 24}
    assert rois[2].name == "Areola"
    assert all(roi.fault is None for roi in rois.values())
    found = read_structure_set(shared_data / "dose/dicompyler_rt/rtss.dcm")
    # it has no frame of reference at its top
    assert found.frame_of_reference_uids == {"2.16.840.1.113662.2.12.0.3057.1241703565.36"}
    assert "anonymous" not in repr(found)


@pytest.mark.realdata
def test_mean_dose_by_voxel_centres(shared_data: Path) -> None:
    dataset = dcmread(shared_data / "dose/dicompyler_rt/rtdose.dcm")
    dose = dataset.pixel_array * float(dataset.DoseGridScaling)
    x, y, z = (float(number) for number in dataset.ImagePositionPatient)
    grid = Geometry((194, 129, 98), (2.5, 2.5, 3.0), (x, y, z), (1, 0, 0, 0, 1, 0, 0, 0, 1))
    rois = of_breast(shared_data)
    heart = fill(rois[5].contours, grid)
    # dicompyler-core 0.5.6: 440.23124999 cm3, 0.6475329 Gy by bins of 0.01 Gy
    assert heart.n_voxels * grid.voxel_volume_mm3 / 1000 == pytest.approx(440.23125)
    assert dose[heart.within(dose.shape)].mean() == pytest.approx(0.6475329, abs=1e-5)
    bed = fill(rois[9].contours, grid)
    assert dose[bed.within(dose.shape)].mean() == pytest.approx(14.286, abs=0.01)
