"""``roentgene doctor --deep``: it names the one byte that turned, and says what is well."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from roentgene.app import installation_health
from roentgene.app.deep_health import check_deeply
from roentgene.app.finding import Finding
from roentgene.warehouse.care.ledger import ledger_file
from roentgene.warehouse.layout import Layout

MANIFEST = {
    "name": "idh",
    "version": "1.0.0",
    "title": "t",
    "created_at": "2026-01-01T00:00:00Z",
    "author": "ann",
    "versions": {},
    "snapshot_id": 1,
    "snapshot_time": None,
    "views": {},
    "spec": {},
    "spec_sha256": "0",
    "n_persons": 1,
    "n_rows": 1,
    "n_predictors": 1,
    "flow": [],
    "fingerprint": "0",
    "fingerprints": {},
}


def deep(folder: Path) -> dict[str, Finding]:
    seen: list[tuple[int, int]] = []
    found = check_deeply(Layout(folder), lambda path, number, n: seen.append((number, n)))
    told = {finding.check: finding for finding in found}
    assert all(n == seen[-1][1] for _, n in seen)
    return told


def wrong(folder: Path) -> dict[str, Finding]:
    return {check: found for check, found in deep(folder).items() if found.level != "ok"}


def data_file(folder: Path, table: str) -> Path:
    return next((folder / "data" / table).rglob("*.parquet"))


@pytest.fixture
def released(study: Path) -> Path:
    folder = study / "releases" / "idh@1.0.0"
    folder.mkdir(parents=True)
    (folder / "table.csv").write_text("a\n1\n", encoding="utf-8")
    sha256 = hashlib.sha256(b"a\n1\n").hexdigest()
    files = [{"name": "table.csv", "sha256": sha256, "bytes": 4, "rows": 1}]
    (folder / "release.json").write_text(json.dumps({**MANIFEST, "files": files}))
    return folder


def test_a_sound_warehouse_is_read_to_the_last_byte(
    roentgene: Callable[..., Any], study: Path, released: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installation_health, "check_installation", lambda: iter(()))
    n_files = len(list((study / "data").rglob("*.parquet")))
    first, second = (roentgene("doctor", "--deep", "--json", "-w", study) for _ in range(2))
    assert (first.exit_code, second.exit_code) == (0, 0)
    for answer, known in ((first, 0), (second, n_files)):
        found = {row["check"]: row for row in answer.json}
        assert {row["level"] for row in answer.json} == {"ok"}
        told = found["data, every value"]["detail"]
        assert told.startswith(f"{n_files} files")
        assert f"{known:,} by hashes that were known" in told
    assert "1 release" in found["releases, every file"]["detail"]
    assert "analyst's file, every value" in found
    without = {row["check"] for row in roentgene("doctor", "--json", "-w", study).json}
    assert "data, every value" not in without


@pytest.mark.parametrize("damage", ["missing", "cut", "rotten", "other rows"])
def test_the_broken_file_is_named_with_its_cure(study: Path, damage: str) -> None:
    file = data_file(study, "study/patient")
    content = bytearray(file.read_bytes())
    file.unlink()
    if damage == "cut":
        file.write_bytes(content[:-4])
    elif damage == "rotten":
        content[4:120] = bytes(116)
        file.write_bytes(content)
    elif damage == "other rows":
        other = data_file(study, "study/timepoint").read_bytes()
        file.write_bytes(other[: len(content)].ljust(len(content), b"\0"))
    found = wrong(study)["data, every value"]
    assert found.level == "bad"
    assert f"{file} of study.patient (" in found.detail
    assert "roentgene restore" in found.cure


def test_a_bit_that_turned_where_parquet_does_not_see_it_is_found_by_the_hash(
    study: Path,
) -> None:
    assert wrong(study) == {}
    file = data_file(study, "imaging/feature_value")
    content = bytearray(file.read_bytes())
    # in the words of who wrote the file, behind which nothing is checked
    place = content.rindex(b"DuckDB")
    content[place] ^= 0x20
    file.write_bytes(content)
    assert "by its hash" in wrong(study)["data, every value"].detail


def test_the_ledger_forgets_files_that_are_gone_and_keeps_what_it_once_saw(study: Path) -> None:
    ledger = ledger_file(Layout(study))
    deep(study)
    before = ledger.read_text(encoding="utf-8")
    ledger.write_text(f"{'0' * 64}  study/gone.parquet\n{before}", encoding="utf-8")
    deep(study)
    assert ledger.read_text(encoding="utf-8") == before
    data_file(study, "study/patient").write_bytes(b"")
    deep(study)
    assert ledger.read_text(encoding="utf-8") == before


def test_orphans_are_counted(study: Path) -> None:
    (study / "data" / "study" / "left.parquet").write_bytes(b"123")
    found = wrong(study)
    assert set(found) == {"orphans"}
    assert "1 file of 3 bytes" in found["orphans"].detail
    assert "optimize" in found["orphans"].cure


def test_a_release_that_was_changed_is_named(study: Path, released: Path) -> None:
    (released / "table.csv").write_text("a\n2\n", encoding="utf-8")
    found = wrong(study)["releases, every file"]
    assert (found.level, found.detail) == ("bad", "idh@1.0.0: table.csv has changed")
    (released / "release.json").write_text("{", encoding="utf-8")
    assert wrong(study)["releases, every file"].level == "bad"


def test_an_analysts_file_with_another_value_is_told(study: Path) -> None:
    import duckdb

    file = Layout(study).published
    file.chmod(0o644)
    with duckdb.connect(str(file)) as con:
        con.execute("UPDATE study.patient SET person_id = 'X' WHERE patient_id = 'P01'")
    found = wrong(study)["analyst's file, every value"]
    assert (found.level, "study.patient" in found.detail) == ("warning", True)
    assert "publish" in found.cure


def test_a_catalogue_with_a_broken_page_is_found(study: Path) -> None:
    catalogue = Layout(study).catalogue
    with closing(sqlite3.connect(catalogue)) as con:
        asked = "SELECT rootpage FROM sqlite_master WHERE name = 'ducklake_column'"
        ((page,),), ((size,),) = con.execute(asked), con.execute("PRAGMA page_size")
    content = bytearray(catalogue.read_bytes())
    content[(page - 1) * size : page * size] = os.urandom(size)
    catalogue.write_bytes(content)
    found = deep(study)["catalogue, every page"]
    assert found.level == "bad"
    assert "roentgene restore" in found.cure
