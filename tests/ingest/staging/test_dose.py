"""A dose whose structures or stored histograms fail where the dose itself does not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from roentgene.ingest.extract.work import Case, DoseWork, MaskWork, RegionWork
from roentgene.ingest.planning.dose_extraction import make_dose_extraction
from roentgene.ingest.refusal import Refusal, refusals_from_arrow
from roentgene.ingest.region_rule import Rule
from roentgene.ingest.staging import dose as staging
from roentgene.ingest.staging import stored_dvh_check
from roentgene.ingest.staging.case import measure_case
from roentgene.ingest.staging.case_rows import CaseRows
from roentgene.schemas.study import GateThresholds, Profile

ON_DOSE = make_dose_extraction("dvh", Profile(engine="dvh", settings={"metrics": ["Dmean"]}))
ON_IMAGE = make_dose_extraction(
    "image", Profile(engine="dvh", settings={"metrics": ["Dmean"], "grid": "image"})
)
NEAR_MAXIMUM = make_dose_extraction(
    "most", Profile(engine="dvh", settings={"metrics": ["Dmean", "Dmax"]})
)


@pytest.fixture(scope="module")
def maker() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(Path(__file__).parents[1])
        import dicom_delivery

        yield dicom_delivery


def case(dose: Path, structures: Path, onto: list[Path], *extractions: Any) -> Case:
    region = RegionWork(
        segmentation_id="gtv",
        region="GTV",
        rule=Rule("labels", labels=(1,)),
        derivation="ROI 1",
        due={one.extraction_id: f"work {one.profile}" for one in extractions},
    )
    mask = MaskWork(
        path=str(structures),
        name="rs.dcm",
        content_hash="hash of structures",
        lesion_id="1",
        rater_id="1",
        repeat_no=1,
        reference_series_id="series",
        is_reference=True,
        regions=(region,),
        kind="structure_set",
    )
    told = {"fractions": 30, "dose_type": "PHYSICAL", "prescription_gy": 60.0}
    return Case(
        case_key="case",
        cohort_id="C",
        patient_id="P1",
        timepoint_id="baseline",
        series_id="series",
        sequence="RTDOSE",
        modality="RTDOSE",
        path=str(dose),
        name="rd.dcm",
        content_hash="hash of dose",
        masks=(mask,),
        extractions=extractions,
        thresholds=GateThresholds(),
        slices=(str(dose),),
        dose=DoseWork("dose", told, uniform=True, onto=tuple(map(str, onto))),
    )


def states(rows: CaseRows) -> dict[str, tuple[str, str | None]]:
    """Status and reason of each measurement, by its work."""
    return {row["work_key"]: (row["status"], row["reason"]) for row in rows.measurement.to_pylist()}


def refusals(rows: CaseRows) -> list[tuple[str, str | None]]:
    return [(one.reason_code, one.file_path) for one in refusals_from_arrow(rows.refusal)]


def test_structures_that_the_grid_of_the_image_cannot_hold_are_refused_there(
    tmp_path: Path, maker: ModuleType
) -> None:
    patient = maker.Patient(tmp_path)
    coronal = [
        maker.save(
            patient.slice(
                "ct",
                number,
                ImageOrientationPatient=[1, 0, 0, 0, 0, 1],
                ImagePositionPatient=[0.0, number * maker.SLICE_MM, 0.0],
            ),
            tmp_path / f"{number:03}.dcm",
        )
        for number in reversed(range(maker.N_SLICES))
    ]
    made = case(patient.dose(), patient.structures(), coronal, ON_DOSE, ON_IMAGE)
    rows = measure_case(made)
    assert states(rows) == {
        "work dvh": ("ok", None),
        "work image": ("refused", "contours_off_plane"),
    }
    assert refusals(rows) == [("contours_off_plane", "rs.dcm")]


def test_structures_that_cannot_be_read_again_are_refused(
    tmp_path: Path, maker: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient = maker.Patient(tmp_path)
    series, structures = patient.ct(), patient.structures()
    on_image = staging._on_image

    def gone(*arguments: Any) -> Any:
        structures.unlink()
        return on_image(*arguments)

    monkeypatch.setattr(staging, "_on_image", gone)
    rows = measure_case(case(patient.dose(), structures, series, ON_DOSE, ON_IMAGE))
    assert states(rows) == {"work dvh": ("ok", None), "work image": ("refused", "unreadable_mask")}


def test_stored_histograms_that_cannot_be_read_are_a_warning(
    tmp_path: Path, maker: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient = maker.Patient(tmp_path)
    structures = patient.structures()
    histogram = maker.item(
        DVHReferencedROISequence=[
            maker.item(ReferencedROINumber=1, DVHROIContributionType="INCLUDED")
        ],
        DVHType="CUMULATIVE",
        DoseUnits="GY",
        DVHVolumeUnits="CM3",
        DVHDoseScaling="1",
        DVHData=["12.125", "4"],
    )
    dose = patient.dose(DVHSequence=[histogram])
    dose.write_bytes(dose.read_bytes().replace(b"12.125", b"12.l25"))
    n_read = 0
    read = stored_dvh_check.read_stored_dvhs

    def counted(path: Path) -> Any:
        nonlocal n_read
        n_read += 1
        return read(path)

    monkeypatch.setattr(stored_dvh_check, "read_stored_dvhs", counted)
    rows = measure_case(case(dose, structures, [], ON_DOSE, NEAR_MAXIMUM))
    assert states(rows) == {"work dvh": ("ok", None), "work most": ("ok", None)}
    found = [Refusal(**row) for row in rows.refusal.to_pylist()]
    (warning,) = found
    assert (warning.reason_code, warning.severity, warning.file_path) == (
        "stored_dvh_unusable",
        "warning",
        "rd.dcm",
    )
    assert n_read == 1
