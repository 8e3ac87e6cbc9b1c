"""Derived regions from the cohort file to the catalogue: made, limited, refused one by one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
import yaml

SIZE = 14
TUMOUR = np.zeros((SIZE,) * 3, dtype=np.uint8)
TUMOUR[4:9, 4:9, 4:9] = 2
TUMOUR[5:8, 5:8, 5:8] = 1
TUMOUR[5:7, 5:7, 5:7] = 4
TUMOUR[12, 12, 12] = 2  # a stray voxel
BRAIN = np.zeros((SIZE,) * 3, dtype=np.uint8)
BRAIN[:, :, 3:] = 1

PAIR = {
    "pattern": "images/{patient_id}.nii.gz",
    "timepoint": "baseline",
    "sequence": "T1",
    "modality": "MR",
}
REGIONS = [
    {"region": "MAIN", "from": "WT", "largest_component": True},
    {"region": "RING", "from": "MAIN", "ring_mm": [0, 2], "within": "BRAIN"},
    {"region": "REST", "from": "WT", "without": ["ET"]},
    {"region": "BRAIN", "measure": False},
]
VOLUMES = """
    SELECT patient_id, region, voxel_count, derivation FROM imaging.segmentation
    ORDER BY patient_id, region
"""
STATES = """
    SELECT segmentation.patient_id, segmentation.region, measurement.status, measurement.reason
    FROM imaging.measurement JOIN imaging.segmentation USING (segmentation_id)
    WHERE measurement.current ORDER BY ALL
"""


@pytest.fixture
def tumours(delivery: Any) -> Any:
    """Two patients with a BraTS mask and a brain mask each; voxels of 1, 2 and 1 mm."""
    for patient in ("P1", "P2"):
        write(delivery, f"images/{patient}", image(patient))
        write(delivery, f"masks/{patient}", TUMOUR)
        write(delivery, f"brains/{patient}", BRAIN)
    delivery.cohort["images"] = [
        PAIR | {"mask": "masks/{patient_id}.nii.gz", "labels": "brats_1_2_4"},
        PAIR | {"mask": "brains/{patient_id}.nii.gz", "region": "BRAIN"},
    ]
    delivery.cohort["regions"] = REGIONS
    set_min_voxels(delivery.warehouse, 4)
    return delivery


def set_min_voxels(folder: Path, number: int) -> None:
    file = folder / "study.yaml"
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    content["gates"] = {"min_voxels": number, "min_dimensions": 1}
    file.write_text(yaml.safe_dump(content), encoding="utf-8")


def image(patient: str) -> np.ndarray:
    return np.random.default_rng(ord(patient[-1])).normal(500, 150, (SIZE,) * 3).astype("float32")


def write(delivery: Any, name: str, array: np.ndarray, shift: float = 0.0) -> None:
    made = sitk.GetImageFromArray(array)
    made.SetSpacing((1.0, 2.0, 1.0))
    made.SetOrigin((shift, 0.0, 0.0))
    path = delivery.folder / f"{name}.nii.gz"
    path.parent.mkdir(exist_ok=True)
    sitk.WriteImage(made, str(path))


def main_ring() -> np.ndarray:
    """Ring of 2 mm around the tumour's largest piece, cut by the brain: by ITK alone."""
    main = (TUMOUR != 0).astype(np.uint8)
    main[12, 12, 12] = 0
    made = sitk.GetImageFromArray(main)
    made.SetSpacing((1.0, 2.0, 1.0))
    far = sitk.GetArrayFromImage(
        sitk.SignedMaurerDistanceMap(made, squaredDistance=False, useImageSpacing=True)
    )
    return (main == 0) & (far <= 2 + 1e-4) & (BRAIN != 0)


def volumes(delivery: Any, patient: str) -> dict[str, int]:
    return {region: n for who, region, n, _ in delivery.rows(VOLUMES) if who == patient}


def test_regions_are_made_of_regions_and_limited_by_another_mask(tumours: Any) -> None:
    def files() -> dict[Path, tuple[int, bytes]]:
        found = (path for path in tumours.folder.rglob("*") if path != tumours.cohort_file)
        return {
            file: (file.stat().st_mtime_ns, file.read_bytes()) for file in found if file.is_file()
        }

    before = files()
    report = tumours.ingest()
    assert report.new_refusals == ()
    assert volumes(tumours, "P1") == {
        "BRAIN": int(BRAIN.sum()),
        "NCR": 19,
        "ED": 5**3 - 3**3 + 1,
        "ET": 8,
        "TC": 27,
        "WT": 126,
        "MAIN": 125,
        "REST": 126 - 8,
        "RING": int(main_ring().sum()),
    }
    words = {region: text for who, region, _, text in tumours.rows(VOLUMES) if who == "P1"}
    assert words["RING"] == "ring from 0 to 2 mm around MAIN within BRAIN"
    assert words["REST"] == "WT without ET"
    # a region that is only made for others to refer to is stored and not measured
    measured = {region for _, region, _, _ in tumours.rows(STATES)}
    assert measured == {"NCR", "ED", "ET", "TC", "WT", "MAIN", "REST", "RING"}
    # each has a hash of its own voxels, and nothing was written beside the files
    hashes = "SELECT count(DISTINCT content_hash), count(*) FROM imaging.segmentation"
    assert tumours.rows(f"{hashes} WHERE patient_id = 'P1'") == [(9, 9)]
    assert files() == before
    registry = "SELECT region, parent, derivation FROM vocab.region ORDER BY region"
    assert tumours.rows(registry) == [
        ("BRAIN", None, "drawn"),
        ("ED", "WT", "drawn"),
        ("ET", "TC", "drawn"),
        ("MAIN", "WT", "largest component of WT"),
        ("NCR", "TC", "drawn"),
        ("REST", "WT", "WT without ET"),
        ("RING", "MAIN", "ring from 0 to 2 mm around MAIN within BRAIN"),
        ("TC", "WT", "NCR + ET"),
        ("WT", None, "NCR + ED + ET"),
    ]


def test_only_what_has_another_rule_or_another_limit_is_made_again(tumours: Any) -> None:
    tumours.ingest()
    write(tumours, "brains/P2", BRAIN[:, :, ::-1].copy())
    assert tumours.ingest().rows["imaging.measurement"] == 1
    assert volumes(tumours, "P2")["RING"] != volumes(tumours, "P1")["RING"]
    tumours.cohort["regions"] = [
        *REGIONS[1:],
        {"region": "MAIN", "from": "WT", "largest_component": True, "without": ["ET"]},
    ]
    # MAIN, and the ring around it, of two patients
    assert tumours.ingest().rows["imaging.measurement"] == 4
    assert volumes(tumours, "P1")["MAIN"] == 117
    assert tumours.ingest().batch_id is None


def test_a_limit_that_cannot_be_used_costs_what_it_limits(tumours: Any) -> None:
    for patient in ("P3", "P4", "P5", "P6"):
        write(tumours, f"images/{patient}", image(patient))
        write(tumours, f"masks/{patient}", TUMOUR)
    write(tumours, "brains/P3", BRAIN, shift=1.0)
    write(tumours, "brains/P4", BRAIN)
    (tumours.folder / "brains/P4.nii.gz").write_bytes(b"torn")
    tumours.cohort["images"][1]["rater_id"] = "C"
    other = PAIR | {"mask": "others/{patient_id}.nii.gz", "region": "BRAIN", "rater_id": "B"}
    tumours.cohort["images"].append(other)
    for patient in ("P5", "P2"):
        write(tumours, f"brains/{patient}", BRAIN)
        write(tumours, f"others/{patient}", BRAIN[:, :, ::-1].copy())
    (tumours.folder / "brains/P2.nii.gz").unlink()  # the other rater's is left
    report = tumours.ingest()
    states = {(who, region): (state, why) for who, region, state, why in tumours.rows(STATES)}
    wrong = {who: why for (who, region), (_, why) in states.items() if region == "RING" and why}
    assert wrong == {
        "P3": "limit_off_grid",
        "P4": "limit_unusable",
        "P5": "limit_missing",
        "P6": "limit_missing",
    }
    rest = {state for (_, region), state in states.items() if region != "RING"}
    assert rest == {("ok", None)}
    refused = {r.subject: r for r in report.new_refusals if " RING" in r.subject}
    assert {r.file_path for r in refused.values()} == {f"masks/P{n}.nii.gz" for n in (3, 4, 5, 6)}
    details = {subject[:2]: refusal.detail for subject, refusal in refused.items()}
    assert "brains/P3.nii.gz" in details["P3"]
    assert "brains/P4.nii.gz" in details["P4"]
    assert "2 masks of the visit show BRAIN" in details["P5"]
    assert "no mask of the visit shows BRAIN" in details["P6"]
    # once the mask is there, so is the region, and the refusal is gone
    for patient in ("P3", "P4", "P6"):
        write(tumours, f"brains/{patient}", BRAIN)
    tumours.ingest()
    rings = {who: state for who, region, state, _ in tumours.rows(STATES) if region == "RING"}
    assert {who for who, state in rings.items() if state == "ok"} == {"P1", "P2", "P3", "P4", "P6"}
    left = "SELECT DISTINCT reason_code FROM ops.quarantine WHERE state = 'open' AND reason_code"
    assert tumours.rows(f"{left} LIKE 'limit%'") == [("limit_missing",)]


def test_a_mask_of_another_numbering_is_refused_by_name(tumours: Any) -> None:
    write(tumours, "masks/P2", np.where(TUMOUR == 4, 3, TUMOUR).astype(np.uint8))
    report = tumours.ingest()
    states = [(who, state, why) for who, _, state, why in tumours.rows(STATES)]
    assert set(states) == {("P1", "ok", None), ("P2", "refused", "labels_not_of_scheme")}
    (refusal,) = [r for r in report.new_refusals if r.severity == "error"]
    assert (refusal.subject, refusal.file_path) == ("P2 baseline", "masks/P2.nii.gz")
    assert "3 (8 voxels)" in refusal.detail
    assert "1, 2, 4 alone" in refusal.detail
    # the other numbering fits P2, and then not P1
    tumours.cohort["images"][0]["labels"] = "brats_1_2_3"
    tumours.ingest()
    states = [(who, state, why) for who, _, state, why in tumours.rows(STATES)]
    assert set(states) == {("P2", "ok", None), ("P1", "refused", "labels_not_of_scheme")}
    assert volumes(tumours, "P2")["ET"] == 8
