"""A delivery of which nothing has changed is recognised before anything is loaded."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from roentgene.ingest import seal
from roentgene.ingest.seal import unchanged_delivery
from roentgene.warehouse.id_key import KEY_VARIABLE
from roentgene.warehouse.layout import Layout
from roentgene.warehouse.opening import open_warehouse

CLINICAL = {"file": "clinical.csv", "kind": "clinical", "id": "patient_id", "dictionary": "d.csv"}
NS = 1_000_000_000


@pytest.fixture(autouse=True)
def files_lay_still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that a test writes count as if they had lain there for a minute."""
    monkeypatch.setattr(seal, "SETTLED_NS", -60 * NS)


@pytest.fixture
def tables(delivery: Any) -> Any:
    """Delivery of a clinical table with its dictionary, without images."""
    del delivery.cohort["images"], delivery.cohort["profiles"]
    delivery.write_table("clinical.csv", "patient_id,age", "P1,61", "P2,54")
    delivery.write_table("d.csv", "variable,type,unit", "age,number,years")
    delivery.cohort["tables"] = [CLINICAL]
    return delivery


def report_of(delivery: Any) -> Any:
    return unchanged_delivery(Layout(delivery.warehouse), delivery.cohort_file)


def ingested(delivery: Any) -> None:
    assert report_of(delivery) is None
    assert delivery.ingest().batch_id is not None


def test_what_was_committed_is_sealed_and_the_report_is_that_of_a_run(tables: Any) -> None:
    ingested(tables)
    sealed = report_of(tables)
    run = tables.ingest()
    assert (sealed.batch_id, sealed.cohort_id, sealed.rows) == (None, "C", {})
    assert {**vars(sealed), "seconds": 0} == {**vars(run), "seconds": 0}


def test_what_stands_refused_is_still_told(tables: Any) -> None:
    tables.write_table("clinical.csv", "patient_id,age", "P1,61", "P2,none")
    first = tables.ingest()
    assert len(first.new_refusals) == 1
    assert report_of(tables) is None, "refusals are new once, and a run tells them as known"
    assert tables.ingest().n_known_refusals == 1
    assert report_of(tables).n_known_refusals == 1


@pytest.mark.parametrize("name", ["clinical.csv", "d.csv", "cohort.yaml"])
def test_a_file_that_is_written_again_breaks_the_seal(tables: Any, name: str) -> None:
    ingested(tables)
    file = tables.folder / name
    facts = file.stat()
    file.write_bytes(file.read_bytes())
    os.utime(file, ns=(facts.st_atime_ns, facts.st_mtime_ns))  # as copies that keep times do
    assert report_of(tables) is None


def test_a_file_that_is_gone_breaks_the_seal(tables: Any) -> None:
    ingested(tables)
    (tables.folder / "clinical.csv").unlink()
    assert report_of(tables) is None


def test_the_commit_of_another_cohort_breaks_the_seal(tables: Any) -> None:
    ingested(tables)
    with open_warehouse(tables.warehouse, read_only=False) as writer:
        with writer.transaction("somebody", "another cohort") as tx:
            tx.execute_statement("DELETE FROM study.cohort WHERE cohort_id = 'other'")
            tx.execute_statement("UPDATE study.cohort SET title = title")
        assert writer.snapshot_id > 1
    assert report_of(tables) is None


def test_what_a_killed_writer_left_breaks_the_seal(tables: Any) -> None:
    ingested(tables)
    Layout(tables.warehouse).hot_journal.write_bytes(b"left")
    assert report_of(tables) is None


def test_another_version_of_roentgene_reads_again(
    tables: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingested(tables)
    monkeypatch.setattr(seal, "version", lambda _: "99.0.0")
    assert report_of(tables) is None


def test_the_file_of_the_analysts_belongs_to_it(tables: Any) -> None:
    settings = Layout(tables.warehouse).study
    content = yaml.safe_load(settings.read_text(encoding="utf-8"))
    settings.write_text(yaml.safe_dump({**content, "publish": True}), encoding="utf-8")
    ingested(tables)
    assert report_of(tables) is not None
    Layout(tables.warehouse).published.unlink()
    assert report_of(tables) is None


def test_a_seal_that_cannot_be_read_is_none(tables: Any) -> None:
    ingested(tables)
    (file,) = Layout(tables.warehouse).seals.iterdir()
    for content in ("", "[]", '{"cohort_id": "C"}'):
        file.write_text(content, encoding="utf-8")
        assert report_of(tables) is None


def test_a_file_written_just_before_the_run_is_not_sealed(
    tables: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seal, "SETTLED_NS", 60 * NS)
    ingested(tables)
    assert report_of(tables) is None


def test_images_are_not_sealed(delivery: Any) -> None:
    ingested(delivery)
    assert report_of(delivery) is None


def test_where_a_parquet_copy_is_asked_for_the_run_looks_after_it(tables: Any) -> None:
    settings = Layout(tables.warehouse).study
    settings.write_text(settings.read_text(encoding="utf-8") + "publish_parquet: copies\n")
    ingested(tables)
    assert (tables.warehouse / "copies").is_dir()
    assert report_of(tables) is None


def test_hashed_ids_are_not_sealed_for_the_key_lies_elsewhere(
    tables: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = tmp_path / "key"
    key.write_bytes(base64.b64encode(bytes(range(32))))
    key.chmod(0o600)
    monkeypatch.setenv(KEY_VARIABLE, str(key))
    tables.cohort["tables"] = [{**CLINICAL, "normalise": ["keyed_hash"]}]
    ingested(tables)
    assert report_of(tables) is None


def test_a_new_file_in_a_study_folder_breaks_the_seal(tables: Any) -> None:
    folder = tables.folder / "published"
    folder.mkdir()
    clinical = "#a\n#b\n#STRING\n#1\nPATIENT_ID\nP1\n"
    (folder / "data_clinical_patient.txt").write_text(clinical, encoding="utf-8")
    (folder / "meta_clinical_patient.txt").write_text(
        "cancer_study_identifier: s\ngenetic_alteration_type: CLINICAL\n"
        "datatype: PATIENT_ATTRIBUTES\ndata_filename: data_clinical_patient.txt\n",
        encoding="utf-8",
    )
    tables.cohort["tables"] = [{"file": "published", "kind": "cbioportal"}]
    tables.ingest()
    tables.ingest()
    assert report_of(tables) is not None
    (folder / "data_more.txt").write_text("new\n", encoding="utf-8")
    assert report_of(tables) is None


def test_the_command_answers_without_loading_the_store(tables: Any, tmp_path: Path) -> None:
    ingested(tables)
    moved = tmp_path / "run"
    moved.mkdir()
    script = (
        "import sys; from roentgene.app.cli import app\n"
        "try: app(sys.argv[1:])\n"
        "finally: print(sorted({'duckdb', 'polars', 'pyarrow'} & set(sys.modules)))"
    )
    words = ["ingest", "run", str(tables.cohort_file), "-w", str(tables.warehouse)]
    command = [sys.executable, "-c", script, *words]
    answer = subprocess.run(command, capture_output=True, text=True, cwd=moved, check=True)
    told, loaded = answer.stdout.splitlines()
    assert told.startswith("Nothing of C is new: nothing was committed")
    assert loaded == "[]"


def test_a_copied_warehouse_goes_by_its_own_settings(tables: Any) -> None:
    ingested(tables)
    copied = tables.warehouse.with_name("copied")
    shutil.copytree(tables.warehouse, copied)
    tables.warehouse = copied
    tables.ingest()
    assert report_of(tables).cohort_id == "C"
    settings = Layout(copied).study
    settings.write_text(settings.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert report_of(tables) is None
