"""The breast patient of dicompyler-core: reference values, and the trap in its histograms."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from roentgene.ingest.dose.cumulative import check_stored, read_bins, stated_unit
from roentgene.ingest.dose.eqd2 import Delivery
from roentgene.ingest.dose.measuring import measure_structure
from roentgene.ingest.dose.settings import read_dose_settings
from roentgene.ingest.sources.dicom.contours import rasterise
from roentgene.ingest.sources.dicom.dose_grid import DoseGrid, read_dose
from roentgene.ingest.sources.dicom.plan import read_plan
from roentgene.ingest.sources.dicom.stored_dvh import StoredDvh, read_stored_dvhs

pytestmark = pytest.mark.realdata

PRESCRIPTION = 14.0
SETTINGS = read_dose_settings(
    {
        "metrics": [
            *("Dmean", "Dmax", "Dmin", "D95", "D50", "D2", "V7Gy"),
            *("gEUD", "EQD2_Dmean", "EQD2_Dmax"),
        ],
        "alpha_beta": {"Tumor*": 10, "*": 3},
        "geud_a": {"*": 1},
    }
)


@pytest.fixture(scope="module")
def folder(shared_data: Path) -> Path:
    return shared_data / "dose" / "dicompyler_rt"


@pytest.fixture(scope="module")
def reference(shared_data: Path) -> dict[str, Any]:
    path = shared_data / "reference" / "dvh_reference.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def dose(folder: Path) -> DoseGrid:
    return read_dose(folder / "rtdose.dcm")


@pytest.fixture(scope="module")
def stored(folder: Path) -> dict[int, StoredDvh]:
    return {one.roi_number: one for one in read_stored_dvhs(folder / "rtdose.dcm")}


@pytest.fixture(scope="module")
def doses(folder: Path, dose: DoseGrid) -> dict[int, np.ndarray]:
    """Doses of the voxels of each structure, on the dose grid."""
    from pydicom import dcmread

    found = {}
    for roi in dcmread(folder / "rtss.dcm").ROIContourSequence:
        contours = [
            np.array(contour.ContourData, dtype=np.float64).reshape(-1, 3)
            for contour in roi.get("ContourSequence", ())
        ]
        raster = rasterise(contours, dose.volume.geometry)
        assert raster.n_beyond == 0
        block = raster.block
        inside = dose.volume.voxels[block.box][block.voxels] if block.n_voxels else np.zeros(0)
        found[int(roi.ReferencedROINumber)] = inside
    return found


@pytest.fixture(scope="module")
def measured(
    folder: Path, dose: DoseGrid, doses: dict[int, np.ndarray], reference: dict[str, Any]
) -> dict[int, dict[tuple[str, str], float | None]]:
    plan = read_plan(folder / "rtplan.dcm")
    delivery = Delivery(plan.fractions, plan.has_equal_fractions, dose.facts.dose_type)
    names = {int(number): roi["name"] for number, roi in reference["rois_in_rtstruct"].items()}
    voxel = dose.volume.geometry.voxel_volume_mm3
    return {
        roi: {
            (row.feature, row.unit): row.value
            for row in measure_structure(names[roi], values, voxel, SETTINGS, delivery)
        }
        for roi, values in doses.items()
    }


def test_the_grid_and_its_plan(folder: Path, dose: DoseGrid, reference: dict[str, Any]) -> None:
    grid = reference["dose_grid"]
    assert dose.volume.geometry.size == (grid["columns"], grid["rows"], grid["frames"])
    assert dose.volume.geometry.spacing == pytest.approx((2.5, 2.5, 3.0))
    assert dose.volume.voxels.max() == pytest.approx(grid["max_gy"], rel=1e-12)
    assert (dose.facts.dose_type, dose.facts.summation_type) == (
        "PHYSICAL",
        grid["dose_summation_type"],
    )
    plan = read_plan(folder / "rtplan.dcm")
    assert (plan.fractions, plan.has_equal_fractions) == (reference["fractions"], True)
    # 11.3 Gy to a point stand there as well
    assert plan.prescription_gy == reference["prescription_gy"] == PRESCRIPTION
    assert dose.facts.plan_uids == (plan.sop_instance_uid,)
    assert dose.facts.structure_set_uids == plan.structure_set_uids


def test_the_heart(
    measured: dict[int, dict[tuple[str, str], float | None]],
    doses: dict[int, np.ndarray],
    reference: dict[str, Any],
) -> None:
    expected = reference["package_tests"]["roi_5_heart_recalculated"]
    heart = measured[5]
    assert heart["volume", "cm3"] == pytest.approx(expected["volume_cm3"], rel=1e-7)
    # the package keeps bins of 0.01 Gy: its mean is that of their centres, its maximum and minimum
    # are upper edges
    n_voxels, edges = np.histogram(doses[5] * 100, bins=310, range=(0, 310))
    centres = (edges[:-1] + edges[1:]) / 200
    assert np.average(centres, weights=n_voxels) == pytest.approx(expected["mean_gy"], abs=5e-8)
    assert heart["Dmean", "Gy"] == pytest.approx(expected["mean_gy"], abs=1e-4)
    assert heart["Dmax", "Gy"] == pytest.approx(expected["max_gy"] - 0.005, abs=0.005)
    assert heart["Dmin", "Gy"] == pytest.approx(expected["min_gy"] - 0.005, abs=0.005)


# how far volume (a share of it) and mean (Gy) of the planning system lie from ours: it cuts the
# structures more finely than the voxels of the grid, of which the last three have 64, 35 and 26
@pytest.mark.parametrize(
    ("roi", "volume", "mean"),
    [
        (1, 0.07, 0.03),
        (4, 0.011, 0.03),
        (5, 0.007, 0.005),
        (6, 0.003, 0.002),
        (9, 0.021, 0.007),
        (10, 0.008, 0.022),
        (3, 0.62, 0.005),
        (7, 0.17, 0.01),
        (8, 0.43, 0.21),
    ],
)
def test_every_structure_against_the_planning_system(
    measured: dict[int, dict[tuple[str, str], float | None]],
    reference: dict[str, Any],
    roi: int,
    volume: float,
    mean: float,
) -> None:
    (stored,) = (one for one in reference["embedded_dvh"] if one["roi_number"] == roi)
    ours = measured[roi]
    assert ours["volume", "cm3"] == pytest.approx(stored["volume_cm3"], rel=volume)
    assert ours["Dmean", "Gy"] == pytest.approx(stored["mean_gy_from_dvhdata"], abs=mean)
    assert ours["gEUD", "Gy"] == pytest.approx(ours["Dmean", "Gy"], rel=1e-12)
    if volume < 0.03:
        # two bins and the step of a steep gradient
        assert ours["D95", "Gy"] == pytest.approx(stored["D95_gy"], abs=0.04)
        assert ours["D2", "Gy"] == pytest.approx(stored["D2_gy"], abs=0.04)
        assert ours["V7Gy", "percent"] == pytest.approx(stored["V7Gy_percent"], abs=0.25)


def test_a_structure_without_contours_has_no_values(
    measured: dict[int, dict[tuple[str, str], float | None]],
) -> None:
    areola = measured[2]
    assert areola.pop(("volume", "cm3")) == 0.0
    assert set(areola.values()) == {None}


def test_fractions_of_two_gray_keep_their_dose(
    measured: dict[int, dict[tuple[str, str], float | None]],
) -> None:
    # 14 Gy in 7 fractions: what received 14 Gy stays, what received less becomes less
    bed, heart = measured[9], measured[5]
    assert bed["EQD2_Dmean", "Gy"] == pytest.approx(14.31, abs=0.06)
    peak = heart["Dmax", "Gy"]
    assert peak is not None
    assert heart["EQD2_Dmax", "Gy"] == pytest.approx(peak * (peak / 7 + 3) / 5, rel=1e-12)


def test_stored_histograms_are_recomputed(
    stored: dict[int, StoredDvh], reference: dict[str, Any]
) -> None:
    assert set(stored) == {one["roi_number"] for one in reference["embedded_dvh"]}
    for one in reference["embedded_dvh"]:
        histogram = stored[one["roi_number"]]
        bins = read_bins(
            histogram.data,
            histogram.dvh_type,
            histogram.dose_units,
            histogram.volume_units,
            histogram.dose_scaling,
        )
        assert bins.mean_gy == pytest.approx(one["mean_gy_from_dvhdata"], rel=1e-9)
        assert bins.volume_cm3 == pytest.approx(one["volume_cm3"], rel=1e-9)
        # within a bin, for a last one of 1e-14 of the volume is no volume here
        assert bins.maximum_gy == pytest.approx(one["max_gy_from_dvhdata"], abs=0.0101)
        assert bins.minimum_gy == pytest.approx(one["min_gy_from_dvhdata"], abs=1e-9)
        if one["roi_number"] == 9:
            told = reference["package_tests"]["roi_9_from_embedded_dvh"]
            assert bins.mean_gy == pytest.approx(told["mean_gy"], rel=1e-9)
            assert (bins.maximum_gy, bins.minimum_gy) == pytest.approx(
                (told["max_gy"], told["min_gy"]), abs=0.0101
            )


def test_percent_are_never_taken_for_gray(
    stored: dict[int, StoredDvh],
    doses: dict[int, np.ndarray],
    dose: DoseGrid,
    measured: dict[int, dict[tuple[str, str], float | None]],
) -> None:
    peak = float(dose.volume.voxels.max())
    for roi, histogram in stored.items():
        bins = read_bins(
            histogram.data, histogram.dvh_type, histogram.dose_units, histogram.volume_units
        )
        stated = histogram.stated_mean
        assert stated is not None
        assert histogram.dose_units == "GY"
        assert stated_unit(stated, bins.mean_gy, bins.bin_width_gy, PRESCRIPTION) == "percent"
        ours = measured[roi]["Dmean", "Gy"]
        findings = check_stored(bins, stated, ours, peak, PRESCRIPTION)
        # nothing else is wrong: the histograms themselves agree with the grid
        assert [finding.reason_code for finding in findings] == ["stored_dvh_percent"]
        assert ours == pytest.approx(stated * PRESCRIPTION / 100, abs=0.2)
