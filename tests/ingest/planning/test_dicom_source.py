"""What is found in a DICOM tree: pairs, and by name whatever makes none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from roentgene.ingest.planning.dicom_source import read_dicom
from roentgene.ingest.planning.image_sources import SourceFiles
from roentgene.ingest.planning.personal_paths import stored_names
from roentgene.ingest.refusal import Gated
from roentgene.ingest.sources.pair import Pair, ToldDose
from roentgene.ingest.tables.identifiers import normalise_id
from roentgene.schemas.cohort import Cohort, ImageSource
from roentgene.warehouse.id_key import IdKey

KEY = IdKey(bytes(range(40)))
COHORT = Cohort.model_validate(
    {"cohort_id": "C", "title": "t", "license": "none", "day_zero": "baseline_scan"}
)


@pytest.fixture(scope="module")
def maker() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(Path(__file__).parents[1])
        import dicom_delivery

        yield dicom_delivery


def declared(**more: Any) -> ImageSource:
    return ImageSource.model_validate({"dicom": ".", **more})


def found(folder: Path, **source: Any) -> Gated[list[Pair]]:
    return read_dicom(declared(**source), COHORT, folder, {})


def reasons(gated: Gated[list[Pair]]) -> set[tuple[str, str]]:
    return {(one.reason_code, Path(one.file_path or "").name) for one in gated.refused}


def told_dose(gated: Gated[list[Pair]]) -> ToldDose:
    (dose,) = (pair.told.dose for pair in gated.kept if pair.told is not None and pair.told.dose)
    return dose


def test_a_dose_of_which_no_roi_is_wanted_is_refused(tmp_path: Path, maker: ModuleType) -> None:
    patient = maker.Patient(tmp_path)
    patient.structures()
    patient.plan()
    patient.dose()
    gated = found(tmp_path, rois={"PTV": "PTV"}, only_rois=True)
    assert gated.kept == []
    assert ("dose_without_regions", "rd.dcm") in reasons(gated)


def test_a_dose_tells_of_its_plan_and_of_the_series_of_its_structures(
    tmp_path: Path, maker: ModuleType
) -> None:
    patient = maker.Patient(tmp_path)
    series = patient.ct()
    patient.structures()
    patient.plan(fractions=30)
    patient.dose()
    dose = told_dose(found(tmp_path))
    assert dose.columns == {
        "summation_type": "PLAN",
        "is_sum": False,
        "dose_type": "PHYSICAL",
        "fractions": 30,
        "prescription_gy": 60.0,
    }
    assert dose.uniform
    assert sorted(dose.onto) == series
    # a beam is a part of the plan and has not its fractions, but is of its prescription
    patient.dose(DoseSummationType="BEAM")
    beam = told_dose(found(tmp_path))
    assert (beam.columns["fractions"], beam.columns["prescription_gy"]) == (None, 60.0)
    assert not beam.uniform


def test_texts_of_a_header_that_look_like_a_person_are_left_out(
    tmp_path: Path, maker: ModuleType
) -> None:
    patient = maker.Patient(tmp_path)
    patient.ct(Manufacturer="DOE^JOHN")
    patient.structures()
    gated = found(tmp_path)
    ((pair,), (refusal,)) = gated.kept, gated.refused
    assert pair.told is not None
    assert pair.told.acquisition["manufacturer"] is None
    assert pair.told.acquisition["slice_thickness_mm"] == 3.0
    assert refusal.reason_code == "looks_like_person"
    assert "DOE" not in refusal.line()


def test_names_of_files_do_not_tell_a_hashed_id_that_has_an_issuer(
    tmp_path: Path, maker: ModuleType
) -> None:
    patient = maker.Patient(tmp_path, "MRN4711", more={"IssuerOfPatientID": "HOSP"})
    patient.ct()
    patient.structures()
    patient.dose(ReferencedRTPlanSequence=[])
    gated = found(tmp_path)
    hashing = declared(normalise=["keyed_hash"])
    source = SourceFiles(0, hashing, tuple(gated.kept), (), {})
    names = stored_names([source], tmp_path, lambda one, of: normalise_id(one, of.normalise, KEY))
    assert {pair.fields["patient_id"] for pair in gated.kept} == {"HOSP:MRN4711"}
    hashed = KEY.hashed("HOSP:MRN4711")
    files = {path for pair in gated.kept for path in (pair.image, pair.mask)}
    assert {names(path) for path in files} == {
        f"{hashed}/ct/000.dcm",
        f"{hashed}/rs.dcm",
        f"{hashed}/rd.dcm",
    }
