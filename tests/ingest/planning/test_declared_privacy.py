"""Hashed ids: in all sources of a cohort or in none, and never without a key."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from roentgene.ingest.planning.declared_privacy import declared_privacy
from roentgene.schemas.cohort import Cohort
from roentgene.schemas.errors import FileError
from roentgene.warehouse.id_key import KEY_VARIABLE, IdKey
from roentgene.warehouse.opening import open_warehouse
from roentgene.warehouse.store import Warehouse

SECRET = bytes(range(40))
HASHED: dict[str, Any] = {"normalise": ["keyed_hash"]}


@pytest.fixture
def warehouse(empty_warehouse: Path) -> Iterator[Warehouse]:
    with open_warehouse(empty_warehouse) as opened:
        yield opened


@pytest.fixture(autouse=True)
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "id.key"
    path.write_bytes(SECRET)
    path.chmod(0o600)
    monkeypatch.setenv(KEY_VARIABLE, str(path))


def cohort(images: dict[str, Any], **more: dict[str, Any]) -> Cohort:
    sources: dict[str, Any] = {
        "images": [{"pattern": "{patient_id}.nii", "mask": "{patient_id}_m.nii", **images}]
    }
    if "tables" in more:
        table = {"kind": "clinical", "file": "clinical.csv", "id": "id", **more["tables"]}
        sources["tables"] = [table]
    if "anchors" in more:
        anchors = {"file": "zero.csv", "id": "id", "date": "surgery", **more["anchors"]}
        sources["anchors"] = anchors
    named = {"cohort_id": "C", "title": "t", "license": "none", "day_zero": "baseline_scan"}
    return Cohort.model_validate({**named, **sources})


@pytest.mark.parametrize("other", ["tables", "anchors"])
def test_ids_are_hashed_in_all_sources_or_in_none(
    warehouse: Warehouse, tmp_path: Path, other: str
) -> None:
    folder = tmp_path / "delivery"
    both = declared_privacy(cohort(HASHED, **{other: HASHED}), folder, warehouse)
    assert both.key == IdKey(SECRET)
    assert declared_privacy(cohort({}, **{other: {}}), folder, warehouse).key is None
    for one in (cohort(HASHED, **{other: {}}), cohort({}, **{other: HASHED})):
        with pytest.raises(FileError, match=f"keyed_hash.*{other}|{other}.*keyed_hash"):
            declared_privacy(one, folder, warehouse)
