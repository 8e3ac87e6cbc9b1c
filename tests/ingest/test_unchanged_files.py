"""Image and mask files that have not changed are recognised from one ingest to the next."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from roentgene.ingest.planning import contents
from roentgene.ingest.planning.plan import make_plan
from roentgene.warehouse.opening import open_warehouse

LONG_AGO = 1_000_000_000
STORED = "SELECT file_path, content_hash, batch_id FROM ops.image_file ORDER BY file_path"


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that plans have read."""
    names: list[str] = []
    file_hash = contents.file_hash

    def counted(path: Path) -> str:
        names.append(path.name)
        return file_hash(path)

    monkeypatch.setattr(contents, "file_hash", counted)
    return names


def set_times(delivery: Any, seconds: int = LONG_AGO) -> None:
    for file in delivery.folder.rglob("*.nii.gz"):
        os.utime(file, (seconds, seconds))


def test_a_batch_stores_what_it_read_and_the_next_reads_nothing(
    delivery: Any, read: list[str]
) -> None:
    set_times(delivery)
    report = delivery.ingest()
    assert len(read) == 4
    stored = delivery.rows(STORED)
    of_images = delivery.rows("SELECT file_path, content_hash FROM imaging.series")
    of_masks = delivery.rows("SELECT file_path, source_hash FROM imaging.segmentation")
    assert [row[:2] for row in stored] == sorted([*of_images, *of_masks])
    assert {row[2] for row in stored} == {report.batch_id}
    read.clear()
    before = delivery.snapshot()
    assert delivery.ingest().batch_id is None
    assert (read, delivery.snapshot()) == ([], before)


def test_a_changed_mask_alone_is_read_and_measured_again(delivery: Any, read: list[str]) -> None:
    set_times(delivery)
    first = delivery.ingest()
    read.clear()
    delivery.write_mask("P2", first=3)
    os.utime(delivery.folder / "masks" / "P2.nii.gz", (LONG_AGO, LONG_AGO))
    second = delivery.ingest()
    assert read == ["P2.nii.gz"]
    assert second.rows["imaging.measurement"] == 1
    batches = {name: batch for name, _, batch in delivery.rows(STORED)}
    assert batches.pop("masks/P2.nii.gz") == second.batch_id
    assert set(batches.values()) == {first.batch_id}
    read.clear()
    delivery.ingest()
    assert read == []


def test_files_that_were_only_touched_make_no_batch(delivery: Any, read: list[str]) -> None:
    set_times(delivery)
    delivery.ingest()
    set_times(delivery, LONG_AGO + 1)
    read.clear()
    assert delivery.ingest().batch_id is None
    assert len(read) == 4
    # whatever is committed next takes their new times along
    delivery.write_table("clinical.csv", "id,age", "P1,50")
    delivery.cohort["tables"] = [{"file": "clinical.csv", "kind": "clinical", "id": "id"}]
    assert delivery.ingest().batch_id
    read.clear()
    delivery.ingest()
    assert read == []


def test_what_is_stored_of_another_cohort_counts_for_nothing(
    delivery: Any, read: list[str]
) -> None:
    set_times(delivery)
    delivery.ingest()
    read.clear()
    text = delivery.cohort_file.read_text(encoding="utf-8")
    delivery.cohort_file.write_text(text.replace("cohort_id: C", "cohort_id: D"), encoding="utf-8")
    with open_warehouse(delivery.warehouse) as warehouse:
        make_plan(warehouse, delivery.cohort_file)
    assert len(read) == 4
