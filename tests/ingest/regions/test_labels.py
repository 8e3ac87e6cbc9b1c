import csv
from pathlib import Path

import numpy as np
import pytest

from roentgene.ingest.regions.labels import union
from roentgene.ingest.sources.volume import read_volume

MASK = np.array([[[0, 1, 2], [4, 255, 1]]], dtype=np.uint8)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ((1,), [1, 5]),
        ((1, 4), [1, 3, 5]),
        ((255,), [4]),
        ((3,), []),
        ((), [1, 2, 3, 4, 5]),
    ],
)
@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.float64])
def test_union(labels: tuple[int, ...], expected: list[int], dtype: type) -> None:
    region = union(MASK.astype(dtype), labels)
    assert region.dtype == np.bool_
    assert np.flatnonzero(region).tolist() == expected


def test_a_label_that_the_type_cannot_hold_is_absent() -> None:
    assert not union(MASK, (1000,)).any()


@pytest.mark.realdata
def test_brats_labels(shared_data: Path) -> None:
    folder = shared_data / "images" / "brats_tcga_du_7294"
    with (shared_data / "reference" / "brats_tcga_du_7294_labels.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 7
    for row in rows:
        mask = read_volume(folder / row["mask"], "mask").voxels
        for label in (1, 2, 4):
            assert np.count_nonzero(union(mask, (label,))) == int(row[f"label_{label}_voxels"])
        whole = sum(int(row[f"label_{label}_voxels"]) for label in (1, 2, 4))
        assert np.count_nonzero(union(mask, (1, 2, 4))) == whole
        assert np.count_nonzero(union(mask, ())) == whole
