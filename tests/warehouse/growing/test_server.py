"""A warehouse whose catalogue lies in PostgreSQL works as one whose catalogue is a file."""

from __future__ import annotations

import os
import time
from pathlib import Path
from threading import Thread
from typing import Protocol

import pyarrow as pa
import pytest

from roentgene.app.deep_health import check_deeply
from roentgene.schemas.errors import FileError, WarehouseBusyError, WarehouseError
from roentgene.schemas.study import Study
from roentgene.schemas.tables import table
from roentgene.warehouse import lock
from roentgene.warehouse.analyst_file import is_current, renew
from roentgene.warehouse.care.backup import back_up
from roentgene.warehouse.care.erasing import erase
from roentgene.warehouse.care.person import Person
from roentgene.warehouse.compaction import optimize
from roentgene.warehouse.layout import Layout
from roentgene.warehouse.opening import Opener, create_warehouse, open_warehouse
from roentgene.warehouse.store import Warehouse
from roentgene.warehouse.upgrade import upgrade

pytestmark = pytest.mark.extras


class Database(Protocol):
    port: int
    name: str

    def study(self, **more: object) -> Study: ...
    def ask(self, sql: str) -> str: ...
    def ask_server(self, sql: str) -> str: ...


def cohort(name: str) -> pa.Table:
    row = {column.name: name for column in table("study.cohort").columns}
    return pa.Table.from_pylist([row], table("study.cohort").arrow_schema)


def add(writer: Warehouse, name: str) -> None:
    with writer.transaction("tester", f"add {name}") as tx:
        tx.insert("study.cohort", cohort(name))


def cohorts(warehouse: Warehouse) -> list[str]:
    rows = warehouse.rows("SELECT cohort_id FROM study.cohort ORDER BY 1")
    return [name for (name,) in rows]


def test_what_is_committed_is_read_and_pinned(grown: Layout) -> None:
    assert not grown.catalogue.exists()
    with open_warehouse(grown.root, read_only=False) as writer:
        add(writer, "A")
        first = writer.snapshot_id
        add(writer, "B")
    with open_warehouse(grown.root) as reader, open_warehouse(grown.root, at=first) as then:
        assert (cohorts(reader), cohorts(then)) == (["A", "B"], ["A"])
        assert reader.snapshots()[-1].message == "add B"
        assert list(reader.rows("SELECT count(*) FROM mart.coverage")) == [(0,)]
        with pytest.raises(FileError, match="opened to read"):
            reader.transaction("tester", "no")


def test_an_opener_opens_it_again_and_again(grown: Layout) -> None:
    with Opener(grown.root) as opener:
        for name in ("A", "B"):
            with opener.open(read_only=False) as writer:
                add(writer, name)
            with opener.open() as reader:
                assert cohorts(reader)[-1] == name


def test_what_was_rolled_back_is_not_there(grown: Layout) -> None:
    with open_warehouse(grown.root, read_only=False) as writer:
        with pytest.raises(ZeroDivisionError), writer.transaction("tester", "broken") as tx:
            tx.insert("study.cohort", cohort("A"))
            _ = 1 / 0
        assert cohorts(writer) == []


def test_it_is_compacted_and_published(grown: Layout) -> None:
    with open_warehouse(grown.root, read_only=False) as writer:
        for name in "ABC":
            add(writer, name)
        renew(writer)
    done = optimize(grown.root, expire_older_than=0)
    files = {files.table: files.n_files for files in done.after}
    assert (files["study.cohort"], len(done.expired) > 2) == (1, True)
    with open_warehouse(grown.root, read_only=False) as writer:
        assert cohorts(writer) == ["A", "B", "C"]
        renew(writer)
        assert is_current(writer)


def test_several_warehouses_share_a_database(grown: Layout, database: Database) -> None:
    other = create_warehouse(grown.root.parent / "other", database.study(catalog_schema="other"))
    with open_warehouse(other.root, read_only=False) as writer:
        add(writer, "A")
        # who writes to one of them does not wait for who writes to the other
        with open_warehouse(grown.root, read_only=False) as beside:
            assert cohorts(beside) == []


def test_a_second_machine_needs_study_yaml_alone(grown: Layout, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "study.yaml").write_bytes(grown.study.read_bytes())
    (elsewhere / "data").symlink_to(grown.data)
    with open_warehouse(elsewhere, read_only=False) as writer:
        add(writer, "A")
    with open_warehouse(grown.root) as reader:
        assert cohorts(reader) == ["A"]


def test_writers_of_two_machines_take_turns(
    grown: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "study.yaml").write_bytes(grown.study.read_bytes())
    (elsewhere / "data").symlink_to(grown.data)
    with open_warehouse(grown.root, read_only=False) as first:
        monkeypatch.setattr(lock, "DEADLINE_SECONDS", 0.2)
        with pytest.raises(WarehouseBusyError, match="another process is writing to PostgreSQL"):
            open_warehouse(elsewhere, read_only=False)
        monkeypatch.setattr(lock, "DEADLINE_SECONDS", 120.0)
        waited: list[list[str]] = []

        def second() -> None:
            with open_warehouse(elsewhere, read_only=False) as writer:
                waited.append(cohorts(writer))

        thread = Thread(target=second)
        thread.start()
        add(first, "A")
    thread.join(120)
    assert waited == [["A"]]


def test_a_writer_whose_connection_was_cut_commits_nothing(
    grown: Layout, database: Database
) -> None:
    holders = "SELECT pid FROM pg_locks WHERE locktype = 'advisory'"
    with (
        open_warehouse(grown.root, read_only=False) as writer,
        pytest.raises(WarehouseError, match="nothing was committed: the connection"),
        writer.transaction("tester", "late") as tx,
    ):
        tx.insert("study.cohort", cohort("A"))
        assert database.ask(f"SELECT pg_terminate_backend(pid) FROM ({holders}) x") == "t"
    with open_warehouse(grown.root) as reader:
        assert cohorts(reader) == []


OURS = (
    "SELECT count(pg_terminate_backend(pid)) > 0 FROM pg_stat_activity"
    " WHERE application_name = 'roentgene' AND pid <> pg_backend_pid()"
)


def test_a_reader_outlives_a_cut_connection(grown: Layout, database: Database) -> None:
    with open_warehouse(grown.root) as reader:
        assert cohorts(reader) == []
        assert database.ask_server(OURS) == "t"
        assert cohorts(reader) == []


def test_a_reader_whose_server_is_gone_says_so(grown: Layout, database: Database) -> None:
    with open_warehouse(grown.root) as reader:
        database.ask_server(f"ALTER DATABASE {database.name} WITH ALLOW_CONNECTIONS false")
        assert database.ask_server(OURS) == "t"
        with pytest.raises(WarehouseError, match="not currently accepting") as lost:
            cohorts(reader)
        assert lost.value.exit_code == 3


def test_a_server_that_does_not_listen_is_named_with_the_cure(
    grown: Layout, database: Database
) -> None:
    text = grown.study.read_text(encoding="utf-8")
    grown.study.write_text(text.replace(f"port={database.port}", "port=1"), encoding="utf-8")
    for read_only in (True, False):
        with pytest.raises(WarehouseError, match="port 1 failed: Connection refused") as refused:
            open_warehouse(grown.root, read_only=read_only)
        assert "See that it runs" in refused.value.cure


def test_a_server_that_never_answers_is_given_up(grown: Layout, database: Database) -> None:
    import socket

    with socket.socket() as deaf:  # takes connections and says nothing
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        text = grown.study.read_text(encoding="utf-8")
        port = f"port={deaf.getsockname()[1]}"
        changed = text.replace(f"port={database.port}", port) + "  timeout_seconds: 2\n"
        grown.study.write_text(changed, encoding="utf-8")
        with pytest.raises(WarehouseError, match="timeout"):
            open_warehouse(grown.root)


@pytest.mark.parametrize("variable", [None, "wrong and very secret"])
def test_a_password_is_asked_for_and_never_told(
    grown: Layout, monkeypatch: pytest.MonkeyPatch, variable: str | None
) -> None:
    monkeypatch.setenv("PGPASSFILE", "/nowhere")
    if variable is None:
        monkeypatch.delenv("PGPASSWORD")
    else:
        monkeypatch.setenv("PGPASSWORD", variable)
    with pytest.raises(WarehouseError, match="password") as refused:
        open_warehouse(grown.root)
    assert "~/.pgpass" in refused.value.cure
    assert "secret" not in str(refused.value)


def test_the_password_stands_in_no_file_and_no_table(grown: Layout, database: Database) -> None:
    password = os.environ["PGPASSWORD"].encode()
    with open_warehouse(grown.root, read_only=False) as writer:
        add(writer, "A")
        renew(writer)
    files = [path for path in grown.root.rglob("*") if path.is_file()]
    assert len(files) > 3
    assert not [path for path in files if password in path.read_bytes()]
    assert database.ask("SELECT count(*) FROM ducklake_metadata WHERE value LIKE '%secret%'") == "0"


def test_an_empty_database_is_not_taken_for_a_warehouse(grown: Layout, database: Database) -> None:
    changed = grown.study.read_text(encoding="utf-8") + "  catalog_schema: empty\n"
    grown.study.write_text(changed, encoding="utf-8")
    database.ask("CREATE SCHEMA empty")
    for read_only in (True, False):
        with pytest.raises(WarehouseError, match="holds no catalogue in schema empty") as refused:
            open_warehouse(grown.root, read_only=read_only)
        assert "study.yaml" in refused.value.cure
    assert database.ask("SELECT count(*) FROM pg_tables WHERE schemaname = 'empty'") == "0"


def test_a_catalogue_is_never_written_over(grown: Layout, database: Database) -> None:
    with pytest.raises(FileError, match="holds a catalogue already"):
        create_warehouse(grown.root.parent / "again", database.study())
    assert not (grown.root.parent / "again" / "study.yaml").exists()


def test_an_account_without_rights_is_told_what_it_lacks(grown: Layout, database: Database) -> None:
    password = os.environ["PGPASSWORD"]
    name = f"reader_{time.monotonic_ns()}"
    database.ask(f"CREATE ROLE {name} LOGIN PASSWORD '{password}'")
    text = grown.study.read_text(encoding="utf-8").replace("user=roentgene", f"user={name}")
    grown.study.write_text(text, encoding="utf-8")
    with pytest.raises(WarehouseError) as refused:
        open_warehouse(grown.root)
    assert "rights" in refused.value.cure


def test_what_knows_files_alone_is_refused(grown: Layout, tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"roentgene backup.* lies in PostgreSQL") as refused:
        back_up(grown, tmp_path / "backups")
    assert "pg_dump" in refused.value.cure
    with pytest.raises(FileError, match=r"roentgene upgrade.* lies in PostgreSQL"):
        upgrade(grown.root)
    with open_warehouse(grown.root, read_only=False) as writer:
        nobody = Person("PSN-1", (("C", "P"),))
        with pytest.raises(FileError, match=r"roentgene erase.* lies in PostgreSQL"):
            erase(writer, nobody, "all", lambda *_: (), print)
    assert not grown.catalogue.exists()


def test_a_deep_look_reads_the_catalogue_there_and_the_files_here(grown: Layout) -> None:
    with open_warehouse(grown.root, read_only=False) as writer:
        add(writer, "A")
        renew(writer)
    found = {one.check: one for one in check_deeply(grown, lambda *_: None)}
    assert {one.level for one in found.values()} == {"ok"}
    assert "the server gives every row" in found["catalogue, every page"].detail
    (file,) = (grown.data / "study" / "cohort").rglob("*.parquet")
    file.unlink()
    lost = next(one for one in check_deeply(grown, lambda *_: None) if "value" in one.check)
    assert f"{file} of study.cohort (" in lost.detail
    assert "docs/growing.md" in lost.cure


def test_a_deep_look_names_the_server_that_does_not_answer(tmp_path: Path) -> None:
    database = "postgres:host=127.0.0.1 port=1 dbname=lgg user=ann"
    (tmp_path / "data" / "study").mkdir(parents=True)
    settings = f"name: lgg\nstorage: {{catalog: {database}}}\n"
    (tmp_path / "study.yaml").write_text(settings, encoding="utf-8")
    found = {one.check: one for one in check_deeply(Layout(tmp_path), lambda *_: None)}
    told = found["catalogue, every page"]
    assert told.level == "bad"
    assert "PostgreSQL lgg on 127.0.0.1 cannot be used" in told.detail
