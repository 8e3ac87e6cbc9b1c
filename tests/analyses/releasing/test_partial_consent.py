"""Part of a consent is withdrawn: views lose that kind of data, and releases the person."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from roentgene.analyses.releasing.create import create_release
from roentgene.app.erasing import reissue_releases
from roentgene.warehouse.care.erasing import erase, touched
from roentgene.warehouse.care.person import find_person
from roentgene.warehouse.opening import open_warehouse

PATIENT, OTHER = "P05", "P06"
# of each kind a view that shows it
VIEWS = {
    "imaging": "mart.patient_feature",
    "dose": "mart.scan_dose_interval",
    "genomic": "mart.patient_sample",
    "clinical": "mart.response_course",
}
BY_TEXTURE, BY_DOSE = "texture@1.0.0", "planned@1.0.0"


@pytest.fixture(scope="module")
def made(made_release_study: Any, extraction: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A study with a dose grid of two patients, and a release of each kind of imaging."""
    folder = tmp_path_factory.mktemp("consent") / "study"
    shutil.copytree(made_release_study.folder, folder)
    study = type(made_release_study)(folder, made_release_study.n_batches)
    doses: dict[str, list[dict[str, Any]]] = {
        "imaging.series": [],
        "imaging.dose": [],
        "imaging.dose_feature": [],
        "imaging.extraction": [extraction("e2", "b" * 64) | {"profile": "dvh"}],
    }
    for patient in (PATIENT, OTHER):
        place = {"patient_id": patient, "timepoint_id": "baseline", "series_id": f"{patient} dose"}
        grid = {"dose_id": f"{patient} dose", "summation_type": "PLAN", "prescription_gy": 60.0}
        drawn = f"{patient} baseline WT A"
        value = {"segmentation_id": drawn, "extraction_id": "e2", "feature": "Dmean", "unit": "Gy"}
        doses["imaging.series"].append({**place, "modality": "RTDOSE"})
        doses["imaging.dose"].append({**place, **grid})
        doses["imaging.dose_feature"].append({**grid, **value, "value": 41.5, "value_status": "ok"})
    study.deliver(doses)
    texture = study.write(name="texture", features=[{"timepoint": "baseline"}])
    create_release(folder, texture, author="mo")
    planned = study.write(name="planned", features=None, dose=[{"features": ["Dmean"]}])
    create_release(folder, planned, author="mo")
    return study


def shown(warehouse: Any, patient: str) -> dict[str, list[str]]:
    """What each view shows of a patient."""
    person = {"person": f"GLI:{patient}"}
    return {
        kind: sorted(map(repr, warehouse.rows(f"FROM {view} WHERE person_id = $person", person)))
        for kind, view in VIEWS.items()
    }


@pytest.mark.parametrize(
    ("scope", "gone", "releases"),
    [
        ("imaging", {"imaging", "dose"}, {BY_TEXTURE, BY_DOSE}),
        ("dose", {"dose"}, {BY_DOSE}),
        # what both predict is a marker
        ("genomic", {"genomic"}, {BY_TEXTURE, BY_DOSE}),
        ("clinical", {"clinical"}, {BY_TEXTURE, BY_DOSE}),
    ],
)
@pytest.mark.usefixtures("key_file")
def test_views_and_releases_obey(
    made: Any, tmp_path: Path, scope: Any, gone: set[str], releases: set[str]
) -> None:
    study = tmp_path / "study"
    shutil.copytree(made.folder, study)
    with open_warehouse(study, read_only=False) as warehouse:
        before, other = shown(warehouse, PATIENT), shown(warehouse, OTHER)
        assert all(before.values()) and all(other.values())
        receipt = erase(
            warehouse, find_person(warehouse, PATIENT), scope, reissue_releases, lambda _: None
        )
    with open_warehouse(study) as warehouse:
        after = shown(warehouse, PATIENT)
        assert {kind for kind, rows in after.items() if not rows} == gone
        assert all(after[kind] == before[kind] for kind in VIEWS.keys() - gone)
        assert shown(warehouse, OTHER) == other
        assert len(list(warehouse.rows("FROM study.patient"))) == 24
        # nothing is left that the same words would take
        assert not touched(warehouse, find_person(warehouse, PATIENT), scope, ()).rows
    assert {one["release"]: one["became"] for one in receipt.releases} == {
        name: f"{name.removesuffix('0')}1" for name in releases
    }
