"""``roentgene ingest propose``: the file that it writes, what it says, and how it ends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from roentgene.schemas.cohort import read_cohort


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two patients with an image and a mask each."""
    for patient in ("P1", "P2"):
        (tmp_path / "delivered" / patient).mkdir(parents=True)
        voxels = np.zeros((4, 4, 4), dtype=np.uint8)
        voxels[1:3, 1:3, 1:3] = 1
        image = np.arange(64, dtype=np.float32).reshape(4, 4, 4) + 0.5
        for name, array in (("CT_image", image), ("CT_mask", voxels)):
            path = tmp_path / "delivered" / patient / f"{name}.nii.gz"
            sitk.WriteImage(sitk.GetImageFromArray(array), str(path))
    return tmp_path / "delivered"


def test_a_cohort_file_is_written_and_told(
    roentgene: Callable[..., Any], folder: Path, tmp_path: Path
) -> None:
    file = tmp_path / "cohort.yaml"
    told = roentgene("ingest", "propose", folder, "-o", file)
    assert (told.exit_code, told.err) == (0, "")
    lines = told.out.splitlines()
    assert lines[:2] == [
        "Recognised: images and masks by their names",
        "Found: 2 patients, 2 images, 2 masks",
    ]
    assert "Guessed:" in lines
    assert lines[-1].startswith(f"Wrote {file}: ")
    assert read_cohort(file).images[0].modality == "CT"


def test_a_program_reads_the_same(
    roentgene: Callable[..., Any], folder: Path, tmp_path: Path
) -> None:
    file = tmp_path / "cohort.yaml"
    told = roentgene("ingest", "propose", folder, "-o", file, "--json").json
    assert told["found"] == {"patients": 2, "images": 2, "masks": 2}
    assert (told["file"], told["n_sources"], told["n_tables"]) == (str(file), 1, 0)
    assert told["guessed"]
    assert told["left_out"] == []
    assert not any(patient in str(told) for patient in ("P1", "P2"))


def test_the_default_is_cohort_yaml_here(
    roentgene: Callable[..., Any], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    assert roentgene("ingest", "propose", ".").exit_code == 0
    (source,) = read_cohort(folder / "cohort.yaml").images
    assert source.pattern == "{patient_id}/{sequence}_image.nii.gz"


def test_another_file_is_not_written_over(
    roentgene: Callable[..., Any], folder: Path, tmp_path: Path
) -> None:
    file = tmp_path / "cohort.yaml"
    file.write_text("mine", encoding="utf-8")
    told = roentgene("ingest", "propose", folder, "-o", file)
    assert (told.exit_code, told.out) == (2, "")
    assert "--force" in told.err
    assert file.read_text(encoding="utf-8") == "mine"
    assert roentgene("ingest", "propose", folder, "-o", file, "--force").exit_code == 0
    assert read_cohort(file)


def test_nothing_to_propose(roentgene: Callable[..., Any], tmp_path: Path) -> None:
    file = tmp_path / "cohort.yaml"
    (tmp_path / "empty").mkdir()
    told = roentgene("ingest", "propose", tmp_path / "empty", "-o", file)
    assert told.exit_code == 2
    assert "neither NIfTI" in told.err
    assert not file.exists()
    missing = roentgene("ingest", "propose", tmp_path / "nowhere", "-o", file, "--json")
    assert missing.exit_code == 2
    assert "file_wrong" in missing.err
