"""From ingest to erasure and back: nothing of the person is left, and they never come in again."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from roentgene.schemas.storage import Storage
from roentgene.schemas.study import Profile, Study
from roentgene.warehouse.care.erasing import erase
from roentgene.warehouse.care.person import Person, find_person
from roentgene.warehouse.opening import create_warehouse, open_warehouse
from roentgene.warehouse.recoding import stored_files
from roentgene.warehouse.store import Warehouse
from tests.ingest.conftest import Delivery

QUICK = {"quick": Profile(feature_classes=("firstorder",), settings={"binWidth": 25})}
# the least id of all, so that the statistics of columns are about them, and an ordinary one
LEAST, OTHER = "AAA-ERASED-01", "P2-KEPT"
SECRETS = (LEAST, "AAA_SPECIMEN_01")
CATALOGUE = [
    f"__ducklake_metadata_lake.ducklake_{name}"
    for name in ("file_column_stats", "table_column_stats", "data_file", "snapshot_changes")
]

with pytest.MonkeyPatch.context() as patch:
    patch.syspath_prepend(str(Path(__file__).resolve().parents[2] / "benchmarks"))
    import byte_search


@pytest.fixture
def study(delivery: Delivery, key_file: Path) -> Delivery:
    """Two patients with clinical data and expression, and a file that names one of them."""
    del delivery.cohort["images"], delivery.cohort["profiles"]
    delivery.write_table("clinical.csv", "id,kps", f"{LEAST},71", f"{OTHER},82")
    delivery.write_table(
        "samples.csv", "sample,id,type", f"AAA_SPECIMEN_01,{LEAST},Primary", f"S2,{OTHER},Primary"
    )
    delivery.write_table("tpm.csv", "gene,AAA_SPECIMEN_01,S2", "TP53,1.25,2.5", "IDH1,3.5,4.75")
    delivery.cohort["tables"] = [
        {"kind": "clinical", "file": "clinical.csv", "id": "id"},
        {
            "kind": "sample",
            "file": "samples.csv",
            "id": "id",
            "sample": "sample",
            "sample_type": "type",
        },
        {
            "kind": "expression",
            "file": "tpm.csv",
            "layout": "genes_in_rows",
            "gene": "gene",
            "profile": "tpm",
            "unit": "TPM",
        },
    ]
    return delivery


def no_release(warehouse: Warehouse, person: Person, scope: str) -> tuple[()]:
    return ()


def quiet(step: str) -> None:
    pass


def erased(delivery: Delivery, given: str = LEAST, scope: Any = "all") -> Any:
    with open_warehouse(delivery.warehouse, read_only=False) as warehouse:
        person = find_person(warehouse, given)
        return erase(warehouse, person, scope, no_release, quiet)


def texts_of(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file, and what Parquet, SQLite, DuckDB and gzip make of it."""
    for path in folder.rglob("*"):
        name = str(path.relative_to(folder))
        yield name, name.encode()
        if not path.is_file():
            continue
        content = path.read_bytes()
        yield name, content
        if path.suffix == ".parquet":
            with duckdb.connect() as con:
                yield name, repr(con.sql(f"FROM read_parquet('{path}')").fetchall()).encode()
        if path.suffix == ".gz":
            yield name, gzip.decompress(content)


def found_in(folder: Path, *secrets: str) -> list[tuple[str, str]]:
    return sorted(
        {
            (secret, name)
            for name, content in texts_of(folder)
            for secret in secrets
            if secret.encode() in content or secret.encode("utf-16-le") in content
        }
    )


def state(delivery: Delivery, *, without: str = "") -> dict[str, list[Any]]:
    """What every table says of others, but for the books."""
    found = {}
    with open_warehouse(delivery.warehouse) as warehouse:
        for name in sorted(warehouse.filled_tables() - {"study.setting"}):
            if not name.startswith("ops."):
                rows = [repr(row) for row in warehouse.rows(f"FROM {name}")]
                found[name] = sorted(row for row in rows if not without or without not in row)
    return found


def everything(delivery: Delivery) -> dict[str, list[Any]]:
    """Every row, decrypted; the catalogue's own too."""
    with open_warehouse(delivery.warehouse) as warehouse:
        names = [*sorted(warehouse.filled_tables()), *CATALOGUE]
        return {name: list(warehouse.rows(f"FROM {name}")) for name in names}


def test_no_byte_is_left_and_the_next_ingest_refuses(study: Delivery) -> None:
    assert study.ingest().batch_id is not None
    assert {secret for secret, _ in found_in(study.warehouse, *SECRETS)} == set(SECRETS)
    before = study.rows("SELECT * FROM study.patient WHERE patient_id = 'P2-KEPT'")
    receipt = erased(study)
    assert found_in(study.warehouse, *SECRETS) == []
    assert receipt.rows["study.patient"] == 1
    assert receipt.rows["genomic.expression"] == 2
    assert study.rows("SELECT * FROM study.patient") == before
    again = study.ingest()
    refused = [one for one in again.new_refusals if one.reason_code == "person_withdrawn"]
    assert [one.subject for one in refused] == [f"withdrawal {receipt.withdrawal_id}"]
    assert found_in(study.warehouse, *SECRETS) == []
    assert study.rows("SELECT patient_id FROM study.patient") == [(OTHER,)]
    assert study.rows("SELECT count(*) FROM genomic.expression") == [(2,)]
    third = study.ingest()
    assert (third.batch_id, third.new_refusals) == (None, ())
    # it stands refused, whatever was looked at
    assert third.n_known_refusals == again.n_known_refusals + len(again.new_refusals)


def test_of_encrypted_files_no_value_is_left(study: Delivery, tmp_path: Path) -> None:
    sealed = Study(name="sealed", storage=Storage(encrypted=True))
    layout = create_warehouse(tmp_path / "sealed", sealed)
    study.warehouse = layout.root
    study.ingest()
    before = {
        name: [row for row in rows if not any(secret in row for secret in SECRETS)]
        for name, rows in state(study).items()
    }
    assert {secret for secret in SECRETS if secret in repr(everything(study))} == set(SECRETS)
    erased(study)
    assert not byte_search.search(layout.root, SECRETS)
    # what is encrypted tells the search nothing: all that can be decrypted is read instead
    told = repr(everything(study))
    assert OTHER in told
    assert [secret for secret in SECRETS if secret in told] == []
    assert state(study) == before
    files = set(layout.data.rglob("*.parquet"))
    with open_warehouse(layout.root) as warehouse:
        listed = {layout.data / one.folder / one.path for one in stored_files(warehouse)}
    assert files == listed
    assert {path.read_bytes()[:4] for path in files} == {b"PARE"}
    again = study.ingest()
    assert [one.reason_code for one in again.new_refusals] == ["person_withdrawn"]
    assert not byte_search.search(layout.root, SECRETS)
