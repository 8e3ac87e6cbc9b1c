from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from pydicom.dataset import Dataset

from roentgene.ingest.sources.dicom.damage import unwarned
from roentgene.ingest.sources.dicom.header import Header, examine
from roentgene.ingest.sources.dicom.series import ImageSeries, Refused, volumes_of

Make = Callable[..., list[Dataset]]
Save = Callable[..., list[Path]]
Find = Callable[..., tuple[list[ImageSeries], list[Refused]]]

AXIAL = (1, 0, 0, 0, 1, 0)
CORONAL = (1, 0, 0, 0, 0, -1)
SAGITTAL = (0, 1, 0, 0, 0, -1)
OBLIQUE = (0.8, 0.6, 0, -0.48, 0.64, 0.6)
RIGHT_TO_LEFT = (-1, 0, 0, 0, 1, 0)
ORIENTATIONS = [AXIAL, CORONAL, SAGITTAL, OBLIQUE, RIGHT_TO_LEFT]


@pytest.fixture
def find(tmp_path: Path, save_slices: Save) -> Find:
    """Save slices and make volumes of them."""

    def volumes(datasets: list[Dataset]) -> tuple[list[ImageSeries], list[Refused]]:
        headers: list[Header] = []
        with unwarned():
            for path in save_slices(datasets, tmp_path):
                header = examine(path).header
                assert header is not None
                headers.append(header)
        return volumes_of(headers)

    return volumes


def normal(orientation: tuple[float, ...]) -> np.ndarray[Any, Any]:
    return np.cross(orientation[:3], orientation[3:])


def turned(make_slices: Make, orientation: tuple[float, ...], n: int = 6) -> list[Dataset]:
    """Slices 2.5 mm apart along their normal."""
    made = make_slices(n, ImageOrientationPatient=list(orientation))
    for index, dataset in enumerate(made):
        position = np.array([-10, 20, 5]) + 2.5 * index * normal(orientation)
        dataset.ImagePositionPatient = [round(float(x), 6) for x in position]
    return made


def refusal(found: tuple[list[ImageSeries], list[Refused]]) -> tuple[str, str]:
    volumes, refused = found
    assert volumes == []
    (only,) = refused
    return only.fault.reason_code, only.fault.detail


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_geometry_is_that_of_the_series_reader(
    find: Find, make_slices: Make, orientation: tuple[float, ...]
) -> None:
    shuffled = [turned(make_slices, orientation)[index] for index in (3, 0, 5, 1, 4, 2)]
    (series,), refused = find(shuffled)
    assert refused == []
    reader = sitk.ImageSeriesReader()
    # GDCM's own sorting knows nothing of ours
    folder = str(series.files[0].parent)
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(folder))
    expected = reader.Execute()
    assert [str(path) for path in series.files] == list(reader.GetFileNames())
    geometry = series.geometry
    assert geometry.size == expected.GetSize() == (6, 4, 6)
    assert geometry.spacing == pytest.approx(expected.GetSpacing(), abs=1e-6)
    assert geometry.spacing == pytest.approx((0.5, 0.75, 2.5), abs=1e-6)
    assert geometry.origin == pytest.approx(expected.GetOrigin())
    assert geometry.direction == pytest.approx(expected.GetDirection(), abs=1e-6)
    assert np.linalg.det(np.reshape(geometry.direction, (3, 3))) == pytest.approx(1)


def test_a_series_names_its_files_in_order(find: Find, make_slices: Make) -> None:
    (series,), _ = find(make_slices(5)[::-1])
    assert [path.name for path in series.files] == [f"{n:04}.dcm" for n in (4, 3, 2, 1, 0)]
    assert len(set(series.sop_instance_uids)) == 5
    assert series.header.path == series.files[0]
    assert series.sop_instance_uids[0] == series.header.sop_instance_uid
    assert (series.volume_index, series.volume_label) == (None, None)


@pytest.mark.parametrize("missing", [1, 2, 18])
def test_missing_slices(find: Find, make_slices: Make, missing: int) -> None:
    made = make_slices(20)
    del made[missing]
    code, detail = refusal(find(made))
    assert code == "missing_slices"
    assert f"slices {missing} and {missing + 1} of 19 lie 5 mm apart" in detail
    assert "2.5 mm" in detail


def test_one_of_many_thin_slices_is_missed(find: Find, make_slices: Make) -> None:
    made = make_slices(60)
    for index, dataset in enumerate(made):
        dataset.ImagePositionPatient = [0, 0, 0.2 * index]
    del made[30]
    assert refusal(find(made))[0] == "missing_slices"


def test_positions_rounded_by_the_scanner_are_even(find: Find, make_slices: Make) -> None:
    made = make_slices(30)
    for index, dataset in enumerate(made):
        dataset.ImagePositionPatient = [0, 0, round(1.25 * index, 1)]
    (series,), refused = find(made)
    assert refused == []
    assert series.geometry.spacing[2] == pytest.approx(1.25, abs=0.01)


def test_duplicate_slices(find: Find, make_slices: Make) -> None:
    made = make_slices(5)
    made[3].ImagePositionPatient = made[2].ImagePositionPatient
    code, detail = refusal(find(made))
    assert code == "duplicate_slices"
    assert "1 of 5 slices" in detail


@pytest.mark.parametrize(("shift_mm", "is_refused"), [(0.5, True), (0.001, False)])
def test_gantry_tilt(find: Find, make_slices: Make, shift_mm: float, is_refused: bool) -> None:
    made = make_slices(8)
    for index, dataset in enumerate(made):
        dataset.ImagePositionPatient = [0, shift_mm * index, 2.5 * index]
    if not is_refused:
        assert find(made)[1] == []
        return
    code, detail = refusal(find(made))
    assert code == "gantry_tilt"
    # atan(0.5 / 2.5)
    assert "11.3 degrees" in detail


def test_one_slice_beside_the_others(find: Find, make_slices: Make) -> None:
    made = make_slices(8)
    made[4].ImagePositionPatient = [-9, 20, 15]
    assert refusal(find(made))[0] == "gantry_tilt"


def test_mixed_orientations(find: Find, make_slices: Make) -> None:
    made = [*make_slices(5), *turned(make_slices, SAGITTAL, 3)]
    code, detail = refusal(find(made))
    assert code == "mixed_orientations"
    assert "3 of 8 slices" in detail


@pytest.mark.parametrize(
    "elements",
    [
        {"PixelSpacing": [0.5, 0.5]},
        {"Rows": 6, "Columns": 4},
        {"FrameOfReferenceUID": "1.2.5"},
    ],
)
def test_mixed_grids(find: Find, make_slices: Make, elements: dict[str, Any]) -> None:
    made = make_slices(5)
    for keyword, value in elements.items():
        setattr(made[2], keyword, value)
    assert refusal(find(made))[0] == "mixed_grids"


def test_a_single_slice_is_a_warning(find: Find, make_slices: Make) -> None:
    assert refusal(find(make_slices(1)))[0] == "single_slice"


def test_localizers_are_left_out_and_the_others_taken(find: Find, make_slices: Make) -> None:
    scout = turned(make_slices, CORONAL, 1)[0]
    scout.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
    (series,), (refused,) = find([scout, *make_slices(5)])
    assert series.geometry.size == (6, 4, 5)
    assert refused.fault.reason_code == "localizer"
    assert len(refused.headers) == 1


@pytest.mark.parametrize(
    ("elements", "code"),
    [
        ({"ImagePositionPatient": None}, "invalid_geometry"),
        ({"ImageOrientationPatient": None}, "invalid_geometry"),
        ({"ImageOrientationPatient": [1, 0, 0, 1, 0, 0]}, "invalid_geometry"),
        ({"ImageOrientationPatient": [0, 0, 0, 0, 0, 0]}, "invalid_geometry"),
        ({"PixelSpacing": None}, "invalid_geometry"),
        ({"PixelSpacing": [0, 1]}, "invalid_geometry"),
        ({"RescaleSlope": 0, "RescaleIntercept": 0}, "unreadable_image"),
        (
            {"SamplesPerPixel": 3, "BitsAllocated": 8, "PixelData": b"\0" * 72},
            "not_three_dimensional",
        ),
    ],
)
def test_slices_without_a_place_or_a_value(
    find: Find, make_slices: Make, elements: dict[str, Any], code: str
) -> None:
    assert refusal(find(make_slices(5, **elements)))[0] == code


def volumes(make_slices: Make, *facts: dict[str, Any], n: int = 4) -> list[Dataset]:
    """Several volumes in one place, each with facts of its own, their slices mixed."""
    made = []
    for own in facts:
        made += make_slices(n, "MR", **own)
    order = np.random.default_rng(1).permutation(len(made))
    return [made[index] for index in order]


@pytest.mark.parametrize(
    ("facts", "labels"),
    [
        (
            [{"TemporalPositionIdentifier": n} for n in (3, 1, 2)],
            [f"temporal_position={n}" for n in (1, 2, 3)],
        ),
        (
            [{"DiffusionBValue": b} for b in (0.0, 1000.0)],
            [f"diffusion_b_value={b}" for b in (0, 1000)],
        ),
        ([{"EchoTime": t} for t in (9.2, 4.6)], ["echo_time=4.6", "echo_time=9.2"]),
        ([{}, {"EchoTime": 4}], ["echo_time=none", "echo_time=4"]),
        (
            [{"AcquisitionNumber": n} for n in (1, 10, 9)],
            [f"acquisition_number={n}" for n in (1, 9, 10)],
        ),
        (
            [{"ImageType": ["ORIGINAL", "PRIMARY", part]} for part in ("P", "M")],
            [f"image_type=ORIGINAL\\PRIMARY\\{part}" for part in ("M", "P")],
        ),
        (
            [{"EchoTime": t, "AcquisitionNumber": n} for t in (1, 2) for n in (1, 2)],
            [f"echo_time={t}, acquisition_number={n}" for t in (1, 2) for n in (1, 2)],
        ),
    ],
    ids=["time", "b-value", "echo", "one without", "acquisition", "image type", "two tags"],
)
def test_several_volumes_of_one_series(
    find: Find, make_slices: Make, facts: list[dict[str, Any]], labels: list[str]
) -> None:
    found, refused = find(volumes(make_slices, *facts))
    assert refused == []
    assert [series.volume_label for series in found] == labels
    assert [series.volume_index for series in found] == list(range(len(facts)))
    assert {series.geometry.space_id for series in found} == {found[0].geometry.space_id}
    assert len({path for series in found for path in series.files}) == 4 * len(facts)


def test_a_tag_that_leaves_a_volume_incomplete_splits_nothing(
    find: Find, make_slices: Make
) -> None:
    made = volumes(make_slices, {"EchoTime": 1}, {"EchoTime": 2})
    del made[0]
    code, detail = refusal(find(made))
    assert code == "duplicate_slices"
    assert "no tag" in detail


def test_a_tag_that_differs_in_every_slice_splits_nothing(find: Find, make_slices: Make) -> None:
    made = make_slices(4, "MR") + make_slices(4, "MR")
    for index, dataset in enumerate(made):
        dataset.AcquisitionNumber = index
    assert refusal(find(made))[0] == "duplicate_slices"


def test_acquisition_facts(find: Find, make_slices: Make) -> None:
    made = make_slices(
        4,
        "MR",
        Manufacturer="ACME",
        ManufacturerModelName="Resonator",
        MagneticFieldStrength=3,
        RepetitionTime=2000,
        EchoTime=30,
        InversionTime=900,
        FlipAngle=90,
        ContrastBolusAgent="Gadolinium",
    )
    made[2].EchoTime = 31
    made[1].RepetitionTime = None
    (series,), _ = find(made)
    assert series.acquisition.columns() == {
        "manufacturer": "ACME",
        "manufacturer_model": "Resonator",
        "field_strength_t": 3,
        "slice_thickness_mm": 3,
        "convolution_kernel": None,
        "repetition_time_ms": None,
        "echo_time_ms": None,
        "inversion_time_ms": 900,
        "flip_angle_deg": 90,
        "contrast_agent": "Gadolinium",
        "kvp": None,
        "units": None,
    }


def test_field_strength_in_gauss(find: Find, make_slices: Make) -> None:
    (series,), _ = find(make_slices(4, "MR", MagneticFieldStrength=15000))
    assert series.acquisition.field_strength_t == 1.5


def test_frames_without_places(find: Find, make_slices: Make) -> None:
    stacked = make_slices(1, NumberOfFrames=3, PixelData=b"\0" * 144)
    assert refusal(find(stacked))[0] == "multiframe_unsupported"
