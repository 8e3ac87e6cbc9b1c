"""Somebody is forgotten at servers too: by the very commands that the refusal names."""

from __future__ import annotations

import re
import secrets
import shlex
import subprocess
from pathlib import Path
from typing import Any, Protocol

import pytest
from typer.testing import CliRunner

from roentgene.app.cli import app
from roentgene.schemas.study import Study, read_study
from roentgene.warehouse.layout import WAREHOUSE_VARIABLE
from roentgene.warehouse.opening import create_warehouse, open_warehouse
from tests.ingest.conftest import Delivery

pytestmark = [pytest.mark.extras, pytest.mark.usefixtures("key_file")]

with pytest.MonkeyPatch.context() as patch:
    patch.syspath_prepend(str(Path(__file__).resolve().parents[3] / "benchmarks"))
    import byte_search

PERSON, SPECIMEN, OTHER = "AAA-ERASED-01", "AAA_SPECIMEN_01", "P2-KEPT"
SECRETS = {PERSON, SPECIMEN}
IN_TURN = re.compile(r"writes: (.+); then remove what was before: (.+); docs/withdrawal.md")


class Store(Protocol):
    bucket: str

    def storage(self, prefix: str, **more: object) -> dict[str, object]: ...
    def files(self, prefix: str) -> dict[str, bytes]: ...
    def remove(self, prefix: str) -> None: ...


class Database(Protocol):
    def study(self, **more: object) -> Study: ...
    def ask(self, sql: str) -> str: ...


@pytest.fixture
def prefix() -> str:
    return f"forgetting/{secrets.token_hex(4)}"


@pytest.fixture
def grown(database: Database, store: Store, prefix: str, tmp_path: Path) -> Delivery:
    """Two patients with clinical data and expression, in a warehouse that two servers hold."""
    places = database.study(catalog_schema="lgg", **store.storage(f"{prefix}/lgg"))
    made = Delivery(tmp_path / "input", create_warehouse(tmp_path / "lgg", places).root)
    made.folder.mkdir()
    made.write_table("clinical.csv", "id,kps", f"{PERSON},71", f"{OTHER},82")
    made.write_table(
        "samples.csv", "sample,id,type", f"{SPECIMEN},{PERSON},Primary", f"S2,{OTHER},Primary"
    )
    made.write_table("tpm.csv", f"gene,{SPECIMEN},S2", "TP53,1.25,2.5", "IDH1,3.5,4.75")
    sample = {"sample": "sample", "sample_type": "type"}
    matrix = {"layout": "genes_in_rows", "gene": "gene", "profile": "tpm", "unit": "TPM"}
    made.cohort = {
        "cohort_id": "C",
        "title": "test",
        "license": "CC0",
        "day_zero": "baseline_scan",
        "tables": [
            {"kind": "clinical", "file": "clinical.csv", "id": "id"},
            {"kind": "sample", "file": "samples.csv", "id": "id", **sample},
            {"kind": "expression", "file": "tpm.csv", **matrix},
        ],
    }
    made.ingest()
    return made


def others(delivery: Delivery) -> dict[str, list[str]]:
    """What every table but the books says of the one who stays."""
    found = {}
    with open_warehouse(delivery.warehouse) as warehouse:
        for name in sorted(warehouse.filled_tables() - {"study.setting"}):
            if not name.startswith("ops."):
                rows = map(repr, warehouse.rows(f"FROM {name}"))
                found[name] = sorted(row for row in rows if not any(s in row for s in SECRETS))
    return found


def found_in(delivery: Delivery, database: Database, store: Store, prefix: str) -> set[str]:
    """Whom the folder, every row of the database and every object of the prefix name."""
    objects = delivery.folder.parent / secrets.token_hex(4)
    for path, content in store.files(prefix).items():
        place = objects / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    assert list(objects.rglob("*.parquet"))
    rows = database.ask("SELECT database_to_xml(true, true, '')")
    assert OTHER in rows
    hits = [*byte_search.search(delivery.warehouse, SECRETS), *byte_search.search(objects, SECRETS)]
    return {f"{hit.place}: {hit.secret}" for hit in hits} | {s for s in SECRETS if s in rows}


def test_the_commands_of_the_refusal_forget_somebody(
    grown: Delivery,
    database: Database,
    store: Store,
    prefix: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def run(command: str) -> Any:
        return CliRunner().invoke(app, shlex.split(command.replace("PERSON", PERSON))[1:])

    monkeypatch.setenv(WAREHOUSE_VARIABLE, str(grown.warehouse))
    assert found_in(grown, database, store, prefix) >= SECRETS
    before = others(grown)
    refused = run("roentgene erase PERSON --yes")
    (commands,) = IN_TURN.findall(refused.stderr)
    for command in commands[0].split(" && "):
        done = run(command)
        assert done.exit_code == 0, done.output
    drop, remove = commands[1].split(" && ")
    subprocess.run(shlex.split(drop), check=True, capture_output=True)
    assert shlex.split(remove)[4] == f"s3://{store.bucket}/{prefix}/lgg/"
    store.remove(f"{prefix}/lgg")

    storage = read_study(grown.warehouse).storage
    assert (storage.catalog_schema, storage.timeout_seconds) == ("lgg_2", 20)
    assert storage.data == f"s3://{store.bucket}/{prefix}/lgg-2"
    assert found_in(grown, database, store, prefix) == set()
    assert others(grown) == before
    again = grown.ingest()
    assert [one.reason_code for one in again.new_refusals] == ["person_withdrawn"]
    assert grown.rows("SELECT patient_id FROM study.patient") == [(OTHER,)]
    assert found_in(grown, database, store, prefix) == set()
    # what the way set aside in the folder holds nobody, and yet stands in the next one's way
    run("roentgene move --embedded")
    assert "catalog.sqlite.before-move-1" in run("roentgene erase PERSON --yes").stderr
