"""Encrypted files say nothing without the catalogue, and are rows like any others with it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from roentgene.app.cli import app
from roentgene.app.deep_health import check_deeply
from roentgene.app.finding import Finding
from roentgene.app.warehouse_health import check_warehouse
from roentgene.schemas.errors import FileError, WarehouseError
from roentgene.schemas.storage import Storage
from roentgene.schemas.study import Study, read_study
from roentgene.schemas.tables import table
from roentgene.warehouse import data_file, moving
from roentgene.warehouse.analyst_file import is_current, renew
from roentgene.warehouse.care.backup import back_up
from roentgene.warehouse.care.backup_store import find_store
from roentgene.warehouse.care.erasing import erase
from roentgene.warehouse.care.person import Person
from roentgene.warehouse.care.restore import restore
from roentgene.warehouse.compaction import optimize
from roentgene.warehouse.layout import Layout
from roentgene.warehouse.moving import move
from roentgene.warehouse.opening import create_warehouse, open_warehouse
from roentgene.warehouse.recoding import stored_files
from roentgene.warehouse.snapshots import Snapshot

WORD = "Zwischenlappen"
ENCRYPTED = Storage(encrypted=True)
VALUES = "SELECT * FROM imaging.feature_value ORDER BY ALL"
NAMES = "SELECT cohort_id FROM study.cohort ORDER BY ALL"


@pytest.fixture(scope="module")
def sealed_once(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    layout = create_warehouse(
        tmp_path_factory.mktemp("sealed") / "a", Study(name="a", storage=ENCRYPTED)
    )
    with_history(layout)
    return layout


@pytest.fixture(scope="module")
def clear_once(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    layout = create_warehouse(tmp_path_factory.mktemp("clear") / "a", Study(name="a"))
    with_history(layout)
    return layout


@pytest.fixture
def sealed(sealed_once: Layout, tmp_path: Path) -> Layout:
    shutil.copytree(sealed_once.root, tmp_path / "a")
    return Layout(tmp_path / "a")


@pytest.fixture
def clear(clear_once: Layout, tmp_path: Path) -> Layout:
    shutil.copytree(clear_once.root, tmp_path / "a")
    return Layout(tmp_path / "a")


def cohorts(*names: str) -> pa.Table:
    declared = table("study.cohort")
    rows = [{**{c.name: WORD for c in declared.columns}, "cohort_id": name} for name in names]
    return pa.Table.from_pylist(rows, declared.arrow_schema)


def values(cohort: str, n: int) -> pa.Table:
    declared = table("imaging.feature_value")
    words = {"VARCHAR": WORD, "BIGINT": 1, "INTEGER": 1, "DOUBLE": 0.5, "BOOLEAN": True}
    neutral = {c.name: words[c.type] for c in declared.columns}
    rows = [{**neutral, "cohort_id": cohort, "measurement_id": row} for row in range(n)]
    return pa.Table.from_pylist(rows, declared.arrow_schema)


def with_history(layout: Layout) -> None:
    """Give a warehouse partitions, a row that was deleted, and one that was changed."""
    with open_warehouse(layout.root, read_only=False) as writer:
        with writer.transaction("tester", "add") as tx:
            tx.insert("study.cohort", cohorts("A", "B", "C"))
            tx.insert("imaging.feature_value", values("A", 20))
            tx.insert("imaging.feature_value", values("B", 20))
        with writer.transaction("tester", "change") as tx:
            tx.delete("study.cohort", cohorts("B"))
            tx.delete("imaging.feature_value", values("A", 3))
        with writer.transaction("tester", "add again") as tx:
            tx.insert("study.cohort", cohorts("D"))
        renew(writer)


def files(layout: Layout) -> list[Path]:
    return sorted(layout.data.rglob("*.parquet"))


def in_clear(layout: Layout) -> list[Path]:
    """Files in whose bytes the word stands, or that are no encrypted Parquet."""
    return [
        path
        for path in files(layout)
        if WORD.encode() in path.read_bytes() or path.read_bytes()[:4] != b"PARE"
    ]


def history(layout: Layout) -> list[tuple[Snapshot, Any]]:
    """Last snapshots, each with what it holds."""
    with open_warehouse(layout.root) as now:
        known = now.snapshots()
    told = []
    for one in known[-3:]:
        with open_warehouse(layout.root, at=one.snapshot_id) as then:
            told.append((one, [list(then.rows(query)) for query in (NAMES, VALUES)]))
    return told


def held(layout: Layout) -> list[Any]:
    return [content for _, content in history(layout)]


def encryption(layout: Layout) -> Finding:
    return next(one for one in check_warehouse(layout) if one.check == "encryption")


def test_no_value_stands_in_a_file(sealed_once: Layout, clear_once: Layout) -> None:
    assert in_clear(sealed_once) == []
    assert any(WORD.encode() in path.read_bytes() for path in files(clear_once))
    assert held(sealed_once) == held(clear_once)


def test_without_the_catalogue_no_file_can_be_read(sealed_once: Layout) -> None:
    for path in files(sealed_once):
        with pytest.raises((pa.ArrowException, OSError), match="encrypted"):
            pq.read_table(path)
        with duckdb.connect() as con, pytest.raises(duckdb.Error, match="encrypted"):
            con.read_parquet(str(path)).fetchall()


def test_many_rows_are_not_written_in_clear(
    sealed: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_file, "MANY_ROWS", 10)
    declared = table("genomic.expression")
    row = {c.name: WORD if c.type == "VARCHAR" else 0.5 for c in declared.columns}
    rows = pa.Table.from_pylist([{**row, "sample_id": f"S{n}"} for n in range(50)])
    # study.yaml may not say it, as after a move that was killed before its last step
    text = sealed.study.read_text(encoding="utf-8")
    sealed.study.write_text(text.replace("encrypted: true", "encrypted: false"), encoding="utf-8")
    with (
        open_warehouse(sealed.root, read_only=False) as writer,
        writer.transaction("tester", "many") as tx,
    ):
        tx.insert("genomic.expression", rows)
    assert in_clear(sealed) == []
    assert encryption(sealed).level == "warning"
    with open_warehouse(sealed.root) as reader:
        assert list(reader.rows("SELECT count(*) FROM genomic.expression")) == [(50,)]


@pytest.mark.parametrize("read_only", [True, False])
def test_what_is_not_encrypted_is_not_said_to_be(clear: Layout, *, read_only: bool) -> None:
    with clear.study.open("a", encoding="utf-8") as study:
        study.write("storage: {encrypted: true}\n")
    with pytest.raises(WarehouseError, match="encrypted, and they are not") as refused:
        open_warehouse(clear.root, read_only=read_only)
    assert "roentgene move --encrypt" in refused.value.cure


def test_what_looks_after_a_warehouse_knows_encrypted_files(sealed: Layout, tmp_path: Path) -> None:
    before = held(sealed)[-1]
    assert {one.level for one in check_deeply(sealed, lambda *_: None)} == {"ok"}
    assert "keys stand in the catalogue" in encryption(sealed).detail
    back_up(sealed, tmp_path / "backups")
    shutil.rmtree(sealed.root)
    store = find_store(tmp_path / "backups")
    restore(store, store.latest(), sealed.root)
    assert held(sealed)[-1] == before
    optimize(sealed.root, expire_older_than=0)
    assert in_clear(sealed) == []
    with open_warehouse(sealed.root, read_only=False) as writer:
        renew(writer)
        assert is_current(writer)
        assert list(writer.rows(NAMES)) == [("A",), ("C",), ("D",)]


def test_files_are_encrypted_later_and_decrypted_again(clear: Layout) -> None:
    before = history(clear)
    names = [path.relative_to(clear.data) for path in files(clear)]
    done = move(clear.root, ENCRYPTED)
    assert (in_clear(clear), history(clear)) == ([], before)
    assert read_study(clear.root).storage == ENCRYPTED
    (aside,) = done.aside
    assert sorted(path.relative_to(aside) for path in aside.rglob("*.parquet")) == names
    with open_warehouse(clear.root, read_only=False) as writer:
        assert writer.is_encrypted
        somebody = Person("PSN-1", (("A", "P"),))
        with pytest.raises(FileError, match=r"data\.before-move-1, which a move has set aside"):
            erase(writer, somebody, "all", lambda *_: (), print)
        with writer.transaction("tester", "more") as tx:
            tx.delete("imaging.feature_value", values("B", 5))
            tx.insert("study.cohort", cohorts("E"))
    assert in_clear(clear) == []
    assert {one.level for one in check_deeply(clear, lambda *_: None)} <= {"ok", "warning"}
    grown = history(clear)
    move(clear.root, Storage())
    assert history(clear) == grown
    with open_warehouse(clear.root) as reader:
        assert not reader.is_encrypted
        listed = [clear.data / one.folder / one.path for one in stored_files(reader)]
    # a file that no snapshot needs stays as it was
    assert set(listed) <= set(files(clear))
    for path in listed:
        pq.read_table(path)


@pytest.mark.parametrize("stopped_in", ["copy_catalogue", "compare", "write_storage"])
def test_what_is_stopped_can_be_done_again(
    clear: Layout, monkeypatch: pytest.MonkeyPatch, stopped_in: str
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    before = history(clear)
    with monkeypatch.context() as patch:
        patch.setattr(moving, stopped_in, stop)
        with pytest.raises(KeyboardInterrupt):
            move(clear.root, ENCRYPTED)
    assert read_study(clear.root).storage == Storage()
    assert history(clear) == before
    if stopped_in == "write_storage":
        with pytest.raises(FileError, match="does not say that they must be"):
            move(clear.root, Storage(data="s3://bucket/prefix"))
    move(clear.root, ENCRYPTED)
    assert history(clear) == before
    assert in_clear(clear) == []
    assert encryption(clear).level == "ok"


def test_what_no_single_step_can_bring_into_use_is_refused(clear: Layout) -> None:
    before, found = history(clear), files(clear)
    with pytest.raises(FileError, match="cannot move and be written anew at once") as refused:
        move(clear.root, Storage(data="s3://bucket/prefix", encrypted=True))
    assert "Move twice" in refused.value.cure
    assert (history(clear), files(clear)) == (before, found)
    assert read_study(clear.root).storage == Storage()


def test_the_commands_do_it(tmp_path: Path) -> None:
    folder = str(tmp_path / "a")
    assert CliRunner().invoke(app, ["init", folder, "--encrypted"]).exit_code == 0
    assert in_clear(Layout(tmp_path / "a")) == []
    told = CliRunner().invoke(app, ["move", "-w", folder, "--decrypt"])
    assert told.exit_code == 0, told.output
    assert read_study(tmp_path / "a").storage == Storage()
    with pytest.raises(FileError, match="already"):
        move(tmp_path / "a", Storage())
