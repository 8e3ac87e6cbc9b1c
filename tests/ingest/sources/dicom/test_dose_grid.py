import math
import pickle
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import CTImageStorage, ImplicitVRLittleEndian, RTDoseStorage

from roentgene.ingest.sources.dicom.dose_facts import read_dose_facts
from roentgene.ingest.sources.dicom.dose_grid import (
    DoseGrid,
    read_dose,
    resample_dose,
)
from roentgene.ingest.sources.dicom.stored_dvh import read_stored_dvhs
from roentgene.ingest.sources.volume import Geometry, VolumeError

SHAPE = (4, 3, 2)
PATIENT_NAME = "Doe^Jane"
Write = Callable[..., Path]


def stored_values() -> np.ndarray:
    return np.arange(24, dtype=np.uint32).reshape(SHAPE) * 100_000


def rt_dose() -> FileDataset:
    """Planes of 3 x 2 voxels at z = 30, 33, 36 and 39 mm."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = RTDoseStorage
    meta.MediaStorageSOPInstanceUID = "1.2.3.4"
    meta.TransferSyntaxUID = ImplicitVRLittleEndian
    made = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    made.SOPClassUID = RTDoseStorage
    made.SOPInstanceUID = "1.2.3.4"
    made.PatientName = PATIENT_NAME
    made.PatientBirthDate = "19620411"
    made.FrameOfReferenceUID = "1.2.3.9"
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.NumberOfFrames, made.Rows, made.Columns = SHAPE
    made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 32, 32, 31, 0
    made.PixelSpacing = [2.0, 2.5]
    made.ImagePositionPatient = [-10.0, 20.0, 30.0]
    made.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    made.GridFrameOffsetVector = [0, 3, 6, 9]
    made.DoseUnits, made.DoseType, made.DoseSummationType = "GY", "PHYSICAL", "PLAN"
    made.DoseGridScaling = "1.4e-5"
    made.TissueHeterogeneityCorrection = ["IMAGE", "ROI_OVERRIDE"]
    made.ReferencedRTPlanSequence = Sequence([reference("1.2.3.5")])
    made.ReferencedStructureSetSequence = Sequence([reference("1.2.3.6")])
    made.PixelData = stored_values().tobytes()
    return made


def reference(uid: str) -> Dataset:
    made = Dataset()
    made.ReferencedSOPInstanceUID = uid
    return made


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a dose file with elements changed, or taken out where they are None."""

    def write_changed(cut: int = 0, **changed: Any) -> Path:
        made = rt_dose()
        for keyword, value in changed.items():
            if value is None:
                del made[keyword]
            else:
                setattr(made, keyword, value)
        path = tmp_path / "dose.dcm"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made.save_as(path, enforce_file_format=True)
        path.write_bytes(path.read_bytes()[: -cut or None])
        return path

    return write_changed


def test_voxels_are_gray_on_their_grid(write: Write) -> None:
    read = read_dose(write())
    assert read.volume.geometry == Geometry(
        (2, 3, 4), (2.5, 2.0, 3.0), (-10.0, 20.0, 30.0), (1, 0, 0, 0, 1, 0, 0, 0, 1)
    )
    assert read.volume.voxels.dtype == np.float64
    assert np.array_equal(read.volume.voxels, stored_values() * 1.4e-5)
    assert read.volume.voxels.max() == pytest.approx(23 * 1.4)
    assert read.volume.image.TransformIndexToPhysicalPoint((1, 2, 3)) == (-7.5, 24.0, 39.0)
    assert (read.facts.dose_type, read.facts.summation_type) == ("PHYSICAL", "PLAN")
    assert (read.facts.plan_uids, read.facts.structure_set_uids) == (("1.2.3.5",), ("1.2.3.6",))
    assert read.facts.tissue_heterogeneity == ("IMAGE", "ROI_OVERRIDE")
    facts = read.facts
    assert (facts.frame_of_reference_uid, facts.sop_instance_uid) == ("1.2.3.9", "1.2.3.4")
    assert read.facts.is_whole_plan
    assert not read.facts.is_sum_of_plans


def test_sixteen_bits(write: Write) -> None:
    stored = np.arange(24, dtype=np.uint16).reshape(SHAPE) + 65_000
    path = write(PixelData=stored.tobytes(), BitsAllocated=16, BitsStored=16, HighBit=15)
    assert np.array_equal(read_dose(path).volume.voxels, stored * 1.4e-5)


def place_of(read: DoseGrid, dose: float) -> tuple[float, ...]:
    """Where the voxel of a dose lies."""
    z, y, x = (int(index[0]) for index in np.nonzero(np.isclose(read.volume.voxels, dose)))
    place: tuple[float, ...] = read.volume.image.TransformIndexToPhysicalPoint((x, y, z))
    return place


# the dose of stored value 12 is that of column 0 and row 0 of the third plane, 13 of its column 1
@pytest.mark.parametrize(
    ("orientation", "offsets", "third_plane", "next_column"),
    [
        ([1, 0, 0, 0, 1, 0], [0, 3, 6, 9], (-10, 20, 36), (-7.5, 20, 36)),
        ([1, 0, 0, 0, 1, 0], [30, 33, 36, 39], (-10, 20, 36), (-7.5, 20, 36)),
        ([1, 0, 0, 0, 1, 0], [0, -3, -6, -9], (-10, 20, 24), (-7.5, 20, 24)),
        ([1, 0, 0, 0, 1, 0], [30, 27, 24, 21], (-10, 20, 24), (-7.5, 20, 24)),
        # prone: the normal is that of supine
        ([-1, 0, 0, 0, -1, 0], [0, 3, 6, 9], (-10, 20, 36), (-12.5, 20, 36)),
        # feet first: the normal points to the feet, z coordinates count upwards all the same
        ([-1, 0, 0, 0, 1, 0], [0, 3, 6, 9], (-10, 20, 24), (-12.5, 20, 24)),
        ([-1, 0, 0, 0, 1, 0], [30, 33, 36, 39], (-10, 20, 36), (-12.5, 20, 36)),
        ([-1, 0, 0, 0, 1, 0], [30, 27, 24, 21], (-10, 20, 24), (-12.5, 20, 24)),
        # sagittal planes, their normal along -x
        ([0, 1, 0, 0, 0, -1], [0, 3, 6, 9], (-16, 20, 30), (-16, 22.5, 30)),
    ],
)
def test_planes_lie_where_their_offsets_say(
    write: Write,
    orientation: list[float],
    offsets: list[float],
    third_plane: tuple[float, ...],
    next_column: tuple[float, ...],
) -> None:
    read = read_dose(write(ImageOrientationPatient=orientation, GridFrameOffsetVector=offsets))
    assert place_of(read, 12 * 1.4) == pytest.approx(third_plane, abs=1e-12)
    assert place_of(read, 13 * 1.4) == pytest.approx(next_column, abs=1e-12)
    axes = np.array(read.volume.geometry.direction).reshape(3, 3)
    assert np.linalg.det(axes) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"DoseUnits": "RELATIVE"}, "dose_not_in_gray"),
        ({"DoseUnits": None}, "dose_not_in_gray"),
        ({"DoseGridScaling": None}, "dose_scaling_missing"),
        ({"DoseGridScaling": "0"}, "dose_scaling_missing"),
        ({"DoseGridScaling": "-1"}, "dose_scaling_missing"),
        ({"DoseType": None}, "dose_kind_unknown"),
        ({"DoseSummationType": "WHATEVER"}, "dose_kind_unknown"),
        ({"PixelData": None, "Rows": None, "Columns": None}, "dose_without_grid"),
        ({"PixelData": None}, "unreadable_dicom"),
        ({"GridFrameOffsetVector": [0, 3, 6, 12]}, "dose_planes_uneven"),
        ({"GridFrameOffsetVector": [0, 3, 3, 9]}, "dose_planes_uneven"),
        ({"GridFrameOffsetVector": [0, 0, 0, 0]}, "dose_planes_uneven"),
        ({"GridFrameOffsetVector": [0, 3, 6]}, "invalid_geometry"),
        ({"GridFrameOffsetVector": [31, 34, 37, 40]}, "invalid_geometry"),
        ({"GridFrameOffsetVector": None}, "invalid_geometry"),
        ({"ImagePositionPatient": None}, "invalid_geometry"),
        ({"PixelSpacing": [0, 2.5]}, "invalid_geometry"),
        ({"ImageOrientationPatient": [1, 0, 0, 0.1, 1, 0]}, "invalid_geometry"),
        ({"ImageOrientationPatient": [2, 0, 0, 0, 1, 0]}, "invalid_geometry"),
        ({"NumberOfFrames": 1}, "not_three_dimensional"),
        ({"NumberOfFrames": 5, "GridFrameOffsetVector": [0, 3, 6, 9, 12]}, "pixel_header_mismatch"),
        ({"Rows": 60_000, "Columns": 60_000}, "pixel_header_mismatch"),
        ({"BitsAllocated": 8}, "pixel_header_mismatch"),
        ({"PixelRepresentation": 1}, "pixel_header_mismatch"),
        ({"SamplesPerPixel": 3}, "pixel_header_mismatch"),
        ({"cut": 40}, "unreadable_dicom"),
        ({"cut": 300}, "unreadable_dicom"),
    ],
)
def test_what_is_no_dose_grid_is_refused(
    write: Write, changed: dict[str, Any], reason: str
) -> None:
    with pytest.raises(VolumeError) as refused:
        read_dose(write(**changed))
    assert refused.value.reason_code == reason
    told = str(refused.value)
    assert PATIENT_NAME not in told
    assert "19620411" not in told


def test_other_files_are_refused(write: Write, tmp_path: Path) -> None:
    path = write()
    image = rt_dose()
    image.file_meta.MediaStorageSOPClassUID = image.SOPClassUID = CTImageStorage
    image.save_as(tmp_path / "ct.dcm", enforce_file_format=True)
    (tmp_path / "no.dcm").write_bytes(b"no DICOM at all")
    for other in (tmp_path / "ct.dcm", tmp_path / "no.dcm", path.with_name("none.dcm")):
        with pytest.raises(VolumeError) as refused:
            read_dose(other)
        assert refused.value.reason_code == "unreadable_dicom"
        assert str(tmp_path) not in str(refused.value)


def test_differences_of_doses_may_be_negative(write: Write) -> None:
    signed = stored_values().astype(np.int32) - 1_000_000
    changed: dict[str, Any] = {"PixelData": signed.tobytes(), "PixelRepresentation": 1}
    read = read_dose(write(**changed, DoseType="ERROR"))
    assert read.facts.dose_type == "ERROR"
    assert read.volume.voxels.min() == pytest.approx(-14.0)


@pytest.mark.parametrize(
    ("summation", "n_plans", "is_sum", "is_whole"),
    [
        ("PLAN", 1, False, True),
        ("PLAN", 0, False, True),
        ("PLAN", 2, True, False),
        ("MULTI_PLAN", 2, True, False),
        ("SUM", 1, True, False),
        ("BEAM", 1, False, False),
        ("FRACTION", 1, False, False),
    ],
)
def test_sums_are_marked(
    write: Write, summation: str, n_plans: int, is_sum: bool, is_whole: bool
) -> None:
    plans = Sequence([reference(f"1.2.3.{number}") for number in range(n_plans)])
    read = read_dose(write(DoseSummationType=summation, ReferencedRTPlanSequence=plans))
    assert read.facts.summation_type == summation
    assert (read.facts.is_sum_of_plans, read.facts.is_whole_plan) == (is_sum, is_whole)


def test_what_it_is_of_is_read_without_voxels(write: Write) -> None:
    path = write()
    assert read_dose_facts(path) == read_dose(path).facts


def test_refusals_travel_between_processes(write: Write) -> None:
    with pytest.raises(VolumeError) as refused:
        read_dose(write(DoseUnits="RELATIVE"))
    again = pickle.loads(pickle.dumps(refused.value))  # noqa: S301
    assert again.reason_code == "dose_not_in_gray"


def test_its_own_grid_leaves_the_dose_as_it_is(write: Write) -> None:
    dose = read_dose(write()).volume
    assert resample_dose(dose, dose.geometry).voxels is dose.voxels


def test_a_linear_dose_stays_linear(write: Write) -> None:
    # stored value = 6 z + 2 y + x, in steps of 1.4 Gy
    dose = read_dose(write()).volume
    onto = Geometry((3, 5, 4), (1.0, 0.75, 1.5), (-9.5, 20.25, 31.0), (1, 0, 0, 0, 1, 0, 0, 0, 1))
    found = resample_dose(dose, onto)
    z, y, x = np.meshgrid(
        (31.0 + 1.5 * np.arange(4) - 30) / 3,
        (20.25 + 0.75 * np.arange(5) - 20) / 2,
        (-9.5 + np.arange(3) + 10) / 2.5,
        indexing="ij",
    )
    assert found.geometry == onto
    assert found.voxels.dtype == np.float64
    assert np.allclose(found.voxels, 1.4 * (6 * z + 2 * y + x), rtol=1e-12, atol=1e-12)


def test_turned_grids_meet_in_space(write: Write) -> None:
    upright = read_dose(write()).volume
    # the same voxels in the same places, along -z
    turned = read_dose(write(GridFrameOffsetVector=[0, -3, -6, -9])).volume
    onto = turned.geometry
    found = resample_dose(upright, onto).voxels
    assert np.isnan(found[:3]).all()
    assert np.allclose(found[3], upright.voxels[0])
    # z of `turned` ends where that of `upright` starts
    assert onto.origin[2] + 3 * onto.spacing[2] == upright.geometry.origin[2]


def test_beyond_the_voxels_there_is_no_dose(write: Write) -> None:
    dose = read_dose(write()).volume
    # along x, centres at -10 and -7.5 mm: voxels reach from -11.25 to -6.25 mm
    onto = Geometry((4, 1, 1), (2.0, 1.0, 1.0), (-12.0, 20.0, 30.0), (1, 0, 0, 0, 1, 0, 0, 0, 1))
    found = resample_dose(dose, onto).voxels[0, 0]
    assert math.isnan(found[0])
    assert found[1:3].tolist() == pytest.approx([0.0, 1.4 * 0.8], abs=1e-12)
    assert math.isnan(found[3])


def dvh_item(roi: int, data: list[float], **changed: Any) -> Dataset:
    made, structure = Dataset(), Dataset()
    structure.ReferencedROINumber = roi
    structure.DVHROIContributionType = changed.pop("contribution", "INCLUDED")
    made.DVHReferencedROISequence = Sequence([structure] * changed.pop("n_structures", 1))
    made.DVHType, made.DoseUnits, made.DVHVolumeUnits = "CUMULATIVE", "GY", "CM3"
    made.DVHDoseScaling, made.DVHData, made.DVHMeanDose = "1", data, "102.08"
    for keyword, value in changed.items():
        setattr(made, keyword, value)
    return made


def test_stored_histograms_are_given_as_they_stand(write: Write) -> None:
    items = [
        dvh_item(9, [0.01, 12.5, 0.01, 3.0], DVHDoseScaling="2"),
        dvh_item(2, [], DVHData=""),
        dvh_item(3, [1, 2, 3]),
        dvh_item(4, [1, 2], contribution="EXCLUDED"),
        dvh_item(5, [1, 2], n_structures=2),
    ]
    first, empty, odd = read_stored_dvhs(write(DVHSequence=Sequence(items)))
    assert (first.roi_number, first.dvh_type, first.dose_scaling) == (9, "CUMULATIVE", 2.0)
    assert (first.dose_units, first.volume_units) == ("GY", "CM3")
    assert first.data.tolist() == [[0.01, 12.5], [0.01, 3.0]]
    assert (first.stated_mean, first.stated_minimum) == (102.08, None)
    assert empty.data.shape == (0, 2)
    assert odd.data.shape == (3, 1)
    assert read_stored_dvhs(write()) == ()
