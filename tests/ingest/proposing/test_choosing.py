"""Which layout a folder is taken for, and what is said where it has none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from roentgene.ingest.proposing.choosing import propose
from roentgene.schemas.errors import FileError


def test_what_cannot_be_understood_is_said(tree: Any, tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no folder"):
        propose(tmp_path / "nowhere")
    tree.text("readme.txt", "nothing")
    with pytest.raises(FileError, match="neither NIfTI"):
        propose(tree.folder)
    tree.image("P1/T1.nii.gz", "P2/T1.nii.gz")
    with pytest.raises(FileError, match="no image has a mask"):
        propose(tree.folder)


def test_links_out_of_the_folder_are_not_followed(tree: Any, tmp_path: Path) -> None:
    for patient in ("P1", "P2"):
        tree.image(f"{patient}/T1.nii.gz")
        tree.mask(f"{patient}/T1_mask.nii.gz")
    outside = tmp_path / "outside.nii.gz"
    outside.write_bytes(b"")
    (tree.folder / "P2" / "T2.nii.gz").symlink_to(outside)
    found = propose(tree.folder)
    assert found.counts == {"patients": 2, "images": 2, "masks": 2}
    assert any("lead out" in line for line in found.left_out)


def test_dicom_beside_pairs_is_told(tree: Any, dicom: Any) -> None:
    for patient in ("P1", "P2"):
        tree.image(f"{patient}/T1.nii.gz")
        tree.mask(f"{patient}/T1_mask.nii.gz")
    dicom.Patient(tree.folder / "dicom").ct()
    found = propose(tree.folder)
    assert found.recognised == "images and masks by their names"
    assert any(line.startswith("DICOM files") for line in found.left_out)


def test_volumes_beside_dicom_are_told(tree: Any, dicom: Any) -> None:
    patient = dicom.Patient(tree.folder)
    patient.ct()
    patient.structures()
    tree.image("exported.nii.gz")
    found = propose(tree.folder)
    assert found.recognised == "a tree of DICOM files"
    assert any("1 NIfTI" in line for line in found.left_out)


def test_ids_that_hold_dates_are_counted(tree: Any) -> None:
    for patient in ("PCA-775_20000101_0927", "PCA-776_20000102_0927"):
        tree.image(f"{patient}/T1.nii.gz")
        tree.mask(f"{patient}/T1_mask.nii.gz")
    found = propose(tree.folder)
    assert any("ids of 2 patients" in line for line in found.left_out)


def test_dicom_behind_many_other_files_is_found(tree: Any, dicom: Any) -> None:
    for number in range(700):
        tree.text(f"a/{number:04}.json", "{}")
    patient = dicom.Patient(tree.folder / "b")
    files = patient.ct()
    for file in files:
        file.rename(file.with_suffix(""))
    patient.structures()
    assert propose(tree.folder).recognised == "a tree of DICOM files"
