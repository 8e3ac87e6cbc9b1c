"""A small delivery on disk, and an empty warehouse to take it."""

from __future__ import annotations

import copy
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
import yaml

from roentgene.ingest.extract.executors import Executor
from roentgene.ingest.extract.executors.serial import Serial
from roentgene.ingest.ingest_report import IngestReport
from roentgene.ingest.run import run_ingest
from roentgene.schemas.study import Profile, Study
from roentgene.warehouse.opening import create_warehouse, open_warehouse

SIZE = 14
#: Only some classes, for these tests are not about values.
QUICK = {"quick": Profile(feature_classes=("firstorder", "shape"), settings={"binWidth": 25})}


@dataclass
class Delivery:
    """Files of a cohort and the warehouse they go to; tests change ``cohort`` and the files."""

    folder: Path
    warehouse: Path
    cohort: dict[str, Any] = field(default_factory=dict)

    @property
    def cohort_file(self) -> Path:
        return self.folder / "cohort.yaml"

    def write_image(self, name: str, seed: int, shift: float = 0.0) -> None:
        values = np.random.default_rng(seed).normal(500, 150, (SIZE,) * 3).astype(np.float32)
        self._write(f"images/{name}.nii.gz", values, shift)

    def write_mask(self, name: str, label: int = 1, first: int = 4, shift: float = 0.0) -> None:
        voxels = np.zeros((SIZE,) * 3, dtype=np.uint8)
        voxels[first : first + 5, 4:9, 4:9] = label
        self._write(f"masks/{name}.nii.gz", voxels, shift)

    def _write(self, name: str, array: np.ndarray, shift: float) -> None:
        image = sitk.GetImageFromArray(array)
        image.SetOrigin((shift, 0.0, 0.0))
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        sitk.WriteImage(image, str(path))

    def write_table(self, name: str, *lines: str) -> None:
        (self.folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")

    def ingest(self, executor: Executor | None = None, **more: Any) -> IngestReport:
        self.cohort_file.write_text(yaml.safe_dump(self.cohort, sort_keys=False), encoding="utf-8")
        return run_ingest(self.warehouse, self.cohort_file, executor or Serial(), **more)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with open_warehouse(self.warehouse) as warehouse:
            return list(warehouse.rows(sql))

    def snapshot(self) -> int:
        with open_warehouse(self.warehouse) as warehouse:
            return warehouse.snapshot_id


@pytest.fixture(scope="session")
def empty_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # what is published has its own tests
    study = Study(name="test", profiles=QUICK, publish=False)
    return create_warehouse(tmp_path_factory.mktemp("empty") / "study", study).root


@pytest.fixture
def delivery(tmp_path: Path, empty_warehouse: Path) -> Delivery:
    """Two patients with a mask each, and an empty warehouse."""
    shutil.copytree(empty_warehouse, tmp_path / "study")
    return _two_patients(tmp_path)


@pytest.fixture(scope="session")
def ingested_once(tmp_path_factory: pytest.TempPathFactory, empty_warehouse: Path) -> Delivery:
    folder = tmp_path_factory.mktemp("ingested")
    shutil.copytree(empty_warehouse, folder / "study")
    made = _two_patients(folder)
    made.ingest()
    return made


@pytest.fixture
def ingested(tmp_path: Path, ingested_once: Delivery) -> Delivery:
    """The same two patients, already in the warehouse."""
    for part in (ingested_once.folder, ingested_once.warehouse):
        shutil.copytree(part, tmp_path / part.name)
    cohort = copy.deepcopy(ingested_once.cohort)
    return Delivery(tmp_path / "input", tmp_path / "study", cohort)


def _two_patients(folder: Path) -> Delivery:
    (folder / "input").mkdir()
    made = Delivery(folder / "input", folder / "study")
    for number, patient in enumerate(("P1", "P2")):
        made.write_image(patient, seed=number)
        made.write_mask(patient)
    made.cohort = {
        "cohort_id": "C",
        "title": "test",
        "license": "CC0",
        "day_zero": "baseline_scan",
        "images": [
            {
                "pattern": "images/{patient_id}.nii.gz",
                "mask": "masks/{patient_id}.nii.gz",
                "timepoint": "baseline",
                "sequence": "T1",
                "modality": "MR",
                "labels": {1: "GTV"},
            }
        ],
        "profiles": ["quick"],
    }
    return made
