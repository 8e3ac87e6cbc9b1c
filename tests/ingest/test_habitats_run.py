"""Habitats from the cohort file to the catalogue: fitted on some, applied to all, never mixed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from roentgene.schemas.errors import FileError

SIZE = 14
WHOLE = (slice(2, 10), slice(2, 10), slice(2, 10))
HABITATS = {
    "of": "GTV",
    "sequences": ["T1", "T2"],
    "k": 2,
    "model": "two",
    "fit_on": {"patients": ["P1", "P2"]},
}
ROWS = """
    SELECT patient_id, region, voxel_count, content_hash FROM imaging.segmentation
    WHERE region LIKE 'HAB%' ORDER BY ALL
"""
STATES = """
    SELECT DISTINCT segmentation.patient_id, measurement.status,
      CASE WHEN measurement.status <> 'ok' THEN measurement.reason END
    FROM imaging.measurement JOIN imaging.segmentation USING (segmentation_id)
    WHERE measurement.current AND region LIKE 'HAB%' ORDER BY ALL
"""


def bright(patient: str) -> slice:
    """Rows of the tumour that are bright in T1 and dark in T2: other ones for each patient."""
    return slice(2, 3 + int(patient[1:]))


def image(patient: str, sequence: str) -> np.ndarray:
    values = np.random.default_rng(int(patient[1:])).normal(100, 3, (SIZE,) * 3)
    values[bright(patient), 2:10, 2:10] += 200 if sequence == "T1" else -60
    return values.astype(np.float32)


def write(delivery: Any, name: str, array: np.ndarray, shift: float = 0.0) -> None:
    made = sitk.GetImageFromArray(array)
    made.SetOrigin((shift, 0.0, 0.0))
    path = delivery.folder / f"{name}.nii.gz"
    path.parent.mkdir(exist_ok=True)
    sitk.WriteImage(made, str(path))


@pytest.fixture
def visits(delivery: Any) -> Any:
    """Five patients with T1, T2 and a mask; of P4 there is no T2, of P5 it lies elsewhere."""
    mask = np.zeros((SIZE,) * 3, dtype=np.uint8)
    mask[WHOLE] = 1
    for patient in ("P1", "P2", "P3", "P4", "P5"):
        for sequence in ("T1", "T2"):
            if (patient, sequence) != ("P4", "T2"):
                shift = 1.0 if (patient, sequence) == ("P5", "T2") else 0.0
                write(delivery, f"visits/{patient}_{sequence}", image(patient, sequence), shift)
        write(delivery, f"drawn/{patient}", mask)
    delivery.cohort["images"] = [
        {
            "pattern": "visits/{patient_id}_{sequence}.nii.gz",
            "mask": "drawn/{patient_id}.nii.gz",
            "timepoint": "baseline",
            "modality": "MR",
            "labels": {1: "GTV"},
        }
    ]
    delivery.cohort["regions"] = [{"region": "HAB", "habitats": HABITATS}]
    return delivery


def n_bright(patient: str) -> int:
    return (1 + int(patient[1:])) * 8 * 8


def test_a_model_is_fitted_stored_and_applied_to_the_others(visits: Any) -> None:
    report = visits.ingest()
    (model,) = visits.rows(
        "SELECT model_id, name, region, sequences, k, fitted_on, n_voxels, seed, n_starts "
        "FROM imaging.habitat_model"
    )
    model_id = model[0]
    assert model_id.startswith("two@")
    assert model[1:] == ("two", "GTV", ["T1", "T2"], 2, ["P1", "P2"], 2 * 512, 0, 10)
    found = {(who, region): n for who, region, n, _ in visits.rows(ROWS)}
    expected = {}
    for patient in ("P1", "P2", "P3"):
        expected[patient, f"HAB_{model_id}_1"] = 512 - n_bright(patient)
        expected[patient, f"HAB_{model_id}_2"] = n_bright(patient)
    for patient in ("P4", "P5"):
        expected |= {(patient, f"HAB_{model_id}_{number}"): None for number in (1, 2)}
    assert found == expected
    assert visits.rows(STATES) == [
        ("P1", "ok", None),
        ("P2", "ok", None),
        ("P3", "ok", None),
        ("P4", "refused", "habitat_image_missing"),
        ("P5", "refused", "habitat_off_grid"),
    ]
    details = [r.detail for r in report.new_refusals if r.reason_code.startswith("habitat")]
    assert any("no image T2" in detail for detail in details)
    assert any("visits/P5_T2.nii.gz" in detail for detail in details)
    words = visits.rows(
        "SELECT parent, derivation FROM vocab.region WHERE region LIKE 'HAB%1' ORDER BY region"
    )
    assert words == [("GTV", f"habitat 1 of 2 of GTV by T1, T2, model {model_id}")]
    # again: nothing is fitted and nothing is done
    assert visits.ingest().batch_id is None


def test_a_stored_model_stays_and_another_fit_has_another_name(visits: Any) -> None:
    visits.ingest()
    before = visits.rows(ROWS)
    write(visits, "visits/P1_T1", image("P1", "T1") * 2)  # of a patient it was fitted on
    visits.ingest()
    assert {row[1] for row in visits.rows(ROWS)} == {row[1] for row in before}
    visits.cohort["regions"] = [{"region": "HAB", "habitats": HABITATS | {"k": 3}}]
    with pytest.raises(FileError, match=r"two is stored as two@.*another name"):
        visits.ingest()
    other = HABITATS | {"model": "three", "fit_on": "all", "k": 3}
    visits.cohort["regions"] = [{"region": "HAB", "habitats": other}]
    visits.ingest()
    names = visits.rows("SELECT name, fitted_on FROM imaging.habitat_model ORDER BY name")
    assert names == [("three", ["P1", "P2", "P3"]), ("two", ["P1", "P2"])]
    regions = {row[1] for row in visits.rows(ROWS)}
    assert len(regions) == 5
    assert {name.split("@")[0] for name in regions} == {"HAB_two", "HAB_three"}


def test_a_model_that_cannot_be_fitted_is_an_error_of_the_file(visits: Any) -> None:
    visits.cohort["regions"] = [
        {"region": "HAB", "habitats": HABITATS | {"fit_on": {"patients": ["P1", "P9"]}}}
    ]
    with pytest.raises(FileError, match=r"two is to be fitted on P9, of whom no image"):
        visits.ingest()
    visits.cohort["regions"] = [
        {"region": "HAB", "habitats": HABITATS | {"fit_on": {"patients": ["P1", "P4"]}}}
    ]
    with pytest.raises(FileError, match=r"two cannot be fitted: P4 gave no voxel of GTV"):
        visits.ingest()
