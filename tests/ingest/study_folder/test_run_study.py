"""A study folder from its files to the catalogue: once, whole, and file by file."""

from __future__ import annotations

import base64
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from roentgene.ingest.extract.executors.serial import Serial
from roentgene.ingest.ingest_report import IngestReport
from roentgene.ingest.run import run_ingest
from roentgene.schemas.tables import tables
from roentgene.warehouse.id_key import KEY_VARIABLE
from roentgene.warehouse.opening import open_warehouse

ID = re.compile(r"\bP-[0-9]")
COHORT = {"cohort_id": "C1", "title": "a study", "license": "CC0", "day_zero": "diagnosis"}


class Ingest:
    """A warehouse and a cohort file with one study folder."""

    def __init__(self, folder: Path, empty_warehouse: Path, declared: str, **keys: Any) -> None:
        self.warehouse = folder / "wh"
        self.cohort_file = folder / "cohort.yaml"
        shutil.copytree(empty_warehouse, self.warehouse)
        tables = [{"file": declared, "kind": "cbioportal", **keys}]
        self.cohort_file.write_text(yaml.safe_dump({**COHORT, "tables": tables}))

    def __call__(self) -> IngestReport:
        return run_ingest(self.warehouse, self.cohort_file, Serial())

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with open_warehouse(self.warehouse) as wh:
            return [tuple(row) for row in wh.rows(sql)]

    def cells(self) -> dict[str, list[str]]:
        """Every cell of every table as text."""
        with open_warehouse(self.warehouse) as wh:
            return {
                name: [str(cell) for row in wh.rows(f"SELECT * FROM {name}") for cell in row]
                for name in tables()
            }


@pytest.fixture
def ingest(study: Any, tmp_path: Path, empty_warehouse: Path) -> Ingest:
    return Ingest(tmp_path, empty_warehouse, "small")


def test_a_study_folder_is_one_batch(ingest: Ingest) -> None:
    report = ingest()
    assert not report.new_refusals
    assert ingest.rows(
        "SELECT patient_id, sex, age_at_day_zero FROM study.patient ORDER BY ALL"
    ) == [("P-1", "female", 61), ("P-2", "male", 48), ("P-3", "male", 70), ("P-4", "female", 55)]
    assert ingest.rows(
        "SELECT sample_id, sample_type, collection_day FROM genomic.sample ORDER BY ALL LIMIT 3"
    ) == [("P-1-01", "Primary", 0), ("P-1-02", "Recurrence", 400), ("P-2-01", "Primary", None)]
    assert ingest.rows(
        "SELECT patient_id, event, time_days, start_anchor FROM clinical.outcome ORDER BY ALL"
    ) == [
        ("P-1", 1, 365.25, "diagnosis"),
        ("P-2", 0, 24.5 * 30.4375, "diagnosis"),
        ("P-3", 1, None, "diagnosis"),
    ]
    assert ingest.rows(
        "SELECT sample_id, panel, all_genes FROM genomic.assay WHERE assay = 'mutation' ORDER BY 1"
    ) == [("P-1-01", None, True), ("P-2-01", None, True), ("P-3-01", "TINY", False)]
    assert ingest.rows(
        "SELECT variable, value_number FROM clinical.sample_variable "
        "WHERE sample_id = 'P-1-02' AND value_number IS NOT NULL"
    ) == [("PURITY", 0.5)]
    assert ingest.rows(
        "SELECT subtype, start_day FROM clinical.event WHERE event_type = 'LAB_TEST' ORDER BY ALL"
    ) == [("LDH", 100), ("PSA", 100), ("PSA", 250)]
    assert ingest.rows("SELECT count(*) FROM clinical.treatment") == [(3,)]
    assert ingest.rows(
        "SELECT rule, n_refused FROM ops.gate_result WHERE subject = 'study folder' ORDER BY ALL"
    ) == [("case_list_without_data", 1), ("several_samples", 1)]
    # the same folder again commits nothing
    again = ingest()
    assert again.batch_id is None
    assert not again.new_warnings


@pytest.mark.slow
def test_each_file_has_a_state_and_refusals_of_its_own(ingest: Ingest, study: Any) -> None:
    ingest()
    study.replace("data_mrna.txt", "20.5", "high")
    (refused,) = ingest().new_refusals
    assert refused.file_path == "small/data_mrna.txt"
    assert refused.reason_code == "not_a_number"
    study.replace("data_mrna.txt", "high", "21.5")
    ingest()
    assert ingest.rows("SELECT state FROM ops.quarantine WHERE reason_code = 'not_a_number'") == [
        ("resolved",)
    ]
    assert ingest.rows(
        "SELECT value FROM genomic.expression WHERE hugo_symbol = 'EGFR' AND "
        "sample_id = 'P-1-01' AND molecular_profile_id = 'mrna_seq_tpm'"
    ) == [(21.5,)]


@pytest.mark.slow
def test_a_fault_of_the_folder_is_over_once_it_is_mended(ingest: Ingest, study: Any) -> None:
    study.without_field("meta_mrna.txt", "profile_name")
    (refused,) = ingest().new_refusals
    assert (refused.reason_code, refused.file_path) == ("meta_field_missing", "small/meta_mrna.txt")
    study.add("meta_mrna.txt", "profile_name: again")
    assert not ingest().new_refusals
    assert ingest.rows(
        "SELECT state FROM ops.quarantine WHERE reason_code = 'meta_field_missing'"
    ) == [("resolved",)]


@pytest.mark.slow
def test_hashed_ids_stand_nowhere(
    study: Any, tmp_path: Path, empty_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = tmp_path / "outside" / "id.key"
    key.parent.mkdir()
    key.touch(mode=0o600)
    key.write_text(base64.b64encode(bytes(range(40))).decode())
    monkeypatch.setenv(KEY_VARIABLE, str(key))
    # a column that repeats the id, and a case list that names nobody
    study.replace("data_clinical_sample.txt", "|A|0.7", "|P-1-01|0.7")
    study.replace("data_clinical_sample.txt", "|A|0.5", "|P-1-02|0.5")
    study.replace("case_lists/cases_sequenced.txt", "P-2-01", "P-6-01")
    folder = tmp_path / "delivered"
    folder.mkdir()
    shutil.move(tmp_path / "small", folder / "small")
    ingest = Ingest(folder, empty_warehouse, "small", normalise=["keyed_hash"])
    ingest()
    assert ingest.rows("SELECT count(*) FROM study.patient") == [(4,)]
    assert ingest.rows("SELECT count(*) FROM genomic.mutation") == [(3,)]
    for name, cells in ingest.cells().items():
        assert not [cell for cell in cells if ID.search(cell)], name


@pytest.mark.slow
@pytest.mark.realdata
def test_the_published_folder_goes_in_whole(
    shared_data: Path, tmp_path: Path, empty_warehouse: Path
) -> None:
    folder = shared_data / "genomic" / "cbioportal_study_es_0"
    ingest = Ingest(tmp_path, empty_warehouse, str(folder))
    report = ingest()
    assert not report.new_refusals
    # the README of the folder
    assert {name: report.rows[name] for name in (
        "study.patient", "genomic.sample", "genomic.mutation", "genomic.structural_variant",
        "genomic.segment",
    )} == {
        "study.patient": 841,
        "genomic.sample": 845,
        "genomic.mutation": 36,
        "genomic.structural_variant": 48,
        "genomic.segment": 9,
    }  # fmt: skip
    profiles = ingest.rows(
        "SELECT molecular_profile_id, count(*), count(DISTINCT sample_id) FROM "
        "(FROM genomic.copy_number SELECT molecular_profile_id, sample_id UNION ALL "
        "FROM genomic.expression SELECT molecular_profile_id, sample_id UNION ALL "
        "FROM genomic.methylation SELECT molecular_profile_id, sample_id UNION ALL "
        "FROM genomic.assay_value SELECT molecular_profile_id, sample_id) "
        "WHERE molecular_profile_id IN ('gistic', 'log2CNA', 'mrna', 'methylation_hm27', "
        "'gsva_scores') GROUP BY ALL ORDER BY ALL"
    )
    assert profiles == [
        ("gistic", 6304, 788),
        ("gsva_scores", 7 * 5, 5),
        ("log2CNA", 7 * 778, 778),
        ("methylation_hm27", 8 * 311, 311),
        ("mrna", 6 * 526, 526),
    ]
    # 32 of 841 say [Not Available] and one says nothing; the others keep their status
    assert ingest.rows(
        "SELECT endpoint, count(*), count(time_days), sum(event) FROM clinical.outcome "
        "GROUP BY ALL ORDER BY ALL"
    ) == [("DFS", 784, 717, 57), ("OS", 808, 808, 87)]
    # the case list of what was sequenced has 31 samples
    assert ingest.rows("SELECT count(*) FROM genomic.assay WHERE assay = 'mutation'") == [(31,)]
