"""Trees of small images and masks, and the plan of what was proposed for one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import SimpleITK as sitk

from roentgene.ingest.planning.plan import Plan, make_plan
from roentgene.ingest.proposing.choosing import propose
from roentgene.ingest.proposing.proposal import Proposal
from roentgene.ingest.proposing.writing import write_proposal
from roentgene.schemas.cohort import Cohort, read_cohort
from roentgene.warehouse.opening import open_warehouse

SIZE = 14


class Tree:
    """A folder that tests put images and masks into."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def image(self, *names: str, spacing: float = 1.0) -> None:
        """Write images; each has values of its own."""
        for name in names:
            seed = list(name.encode())
            values = np.random.default_rng(seed).normal(500, 150, (SIZE,) * 3)
            self._write(name, values.astype(np.float32), spacing)

    def mask(self, *names: str, labels: Sequence[int] = (1,), spacing: float = 1.0) -> None:
        """Write masks with a block of each label."""
        for name in names:
            voxels = np.zeros((SIZE,) * 3, dtype=np.uint8)
            for number, label in enumerate(labels):
                voxels[3:9, 3:9, 2 + 3 * number : 5 + 3 * number] = label
            self._write(name, voxels, spacing)

    def text(self, name: str, *lines: str) -> None:
        """Write a text file."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def _write(self, name: str, voxels: np.ndarray, spacing: float) -> None:
        image = sitk.GetImageFromArray(voxels)
        image.SetSpacing((spacing, 1.0, 1.0))
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        sitk.WriteImage(image, str(path))


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path / "delivered")


class Proposed:
    """What was proposed for a folder: as it was recognised, written and read again."""

    def __init__(self, folder: Path, file: Path) -> None:
        self.proposal: Proposal = propose(folder)
        self.file = file
        write_proposal(self.proposal, folder, file)
        self.text = file.read_text(encoding="utf-8")
        self.cohort: Cohort = read_cohort(file)


@pytest.fixture
def proposed(tmp_path: Path) -> Callable[[Path], Proposed]:
    def run(folder: Path) -> Proposed:
        return Proposed(folder, tmp_path / "cohort.yaml")

    return run


@pytest.fixture
def plan(empty_warehouse: Path) -> Callable[[Proposed], Plan]:
    """Plans what was proposed; nothing is written."""

    def run(proposed: Proposed) -> Plan:
        with open_warehouse(empty_warehouse) as warehouse:
            return make_plan(warehouse, proposed.file)

    return run


@pytest.fixture(scope="session")
def dicom() -> Iterator[ModuleType]:
    """Makes DICOM deliveries by hand."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(Path(__file__).parents[1])
        import dicom_delivery

        yield dicom_delivery
