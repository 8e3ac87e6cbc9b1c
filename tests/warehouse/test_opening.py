"""Making and opening: no network, one writer, readers that only read, folders that move."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from roentgene.schemas.errors import FileError, WarehouseBusyError, WarehouseError
from roentgene.schemas.storage import Storage
from roentgene.schemas.study import PatientFeatureRules, Study, read_study
from roentgene.warehouse import connection, lock, opening
from roentgene.warehouse.connection import connect, extension_file
from roentgene.warehouse.layout import Layout, find_warehouse
from roentgene.warehouse.lock import writer_lock
from roentgene.warehouse.opening import Opener, create_warehouse, open_warehouse
from roentgene.warehouse.store import Warehouse

Digest = Callable[..., dict[str, str]]
Hold = Callable[..., subprocess.Popen[str]]
Stage = Callable[..., pa.Table]
Start = Callable[..., subprocess.Popen[str]]

COHORTS = "SELECT cohort_id FROM study.cohort ORDER BY ALL"
CREATED = {"catalog.sqlite", "data", "reports", "staging", "study.yaml", "writer.lock"}

# a process without network, as far as the kernel lets it be, that finds nothing in its home
OFFLINE = """
import contextlib, ctypes, os, sys
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
unshare = ctypes.CDLL(None).unshare
if unshare(CLONE_NEWNET) and unshare(CLONE_NEWUSER | CLONE_NEWNET):
    print("the network could not be cut", file=sys.stderr)
from roentgene.warehouse.opening import open_warehouse
with open_warehouse(sys.argv[1]) as warehouse:
    assert list(warehouse.rows("SELECT count(*) FROM mart.coverage")) == [(0,)]
print("ready", flush=True)
"""

# delivers until it is stopped: each delivery has a cohort and a patient
_DELIVER = """
import sys
import pyarrow as pa
from roentgene.schemas.tables import table
from roentgene.warehouse.opening import open_warehouse

def rows(full_name, number):
    words = {"VARCHAR": str(number), "DOUBLE": 0.5}
    row = {column.name: words[column.type] for column in table(full_name).columns}
    return pa.Table.from_pylist([row], table(full_name).arrow_schema)

def deliver(tx, number):
    tx.insert("study.cohort", rows("study.cohort", number))
    tx.insert("study.patient", rows("study.patient", number))
"""
WRITER = (
    _DELIVER
    + """
with open_warehouse(sys.argv[1], read_only=False) as warehouse:
    for number in range(1_000_000):
        with warehouse.transaction("wes", f"delivery {number}") as tx:
            deliver(tx, number)
        if number == 0:
            print("ready", flush=True)
"""
)
IDLE_WRITER = (
    _DELIVER
    + """
with open_warehouse(sys.argv[1], read_only=False) as warehouse:
    with warehouse.transaction("wes", "never ends") as tx:
        deliver(tx, 0)
        print("ready", flush=True)
        sys.stdin.readline()
"""
)

# a commit that has put half of its pages into the file, with the old ones in the journal
HALF_WRITTEN = """
import os, signal, sqlite3, sys
con = sqlite3.connect(sys.argv[1], isolation_level=None)
con.execute("PRAGMA cache_size = 1")
con.execute("BEGIN")
con.execute("UPDATE ducklake_column SET column_name = 'half_' || column_name")
con.execute("UPDATE ducklake_table SET table_name = 'half_' || table_name")
print("ready", flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def add(folder: Path, stage: Stage, cohort_id: str) -> None:
    with (
        open_warehouse(folder, read_only=False) as warehouse,
        warehouse.transaction("ann", f"add {cohort_id}") as tx,
    ):
        tx.insert("study.cohort", stage("study.cohort", {"cohort_id": cohort_id}))


def cohorts(folder: Path) -> list[str]:
    with open_warehouse(folder) as warehouse:
        return [cohort_id for (cohort_id,) in warehouse.rows(COHORTS)]


def wait_until_dead(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    assert process.wait(timeout=30) == -signal.SIGKILL


# --- extensions


@pytest.fixture(scope="module")
def reader(made: Layout, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    folder = tmp_path_factory.mktemp("read") / "study"
    shutil.copytree(made.root, folder)
    with open_warehouse(folder) as warehouse:
        yield warehouse


@pytest.mark.parametrize("name", ["httpfs", "sqlite_scanner", "ducklake"])
def test_an_extension_is_the_file_of_its_installed_wheel(reader: Warehouse, name: str) -> None:
    file = extension_file(name)
    assert file.name == f"{name}.duckdb_extension"
    assert file.parts[-4:-1] == (f"duckdb_extension_{name}", "extensions", f"v{duckdb.__version__}")
    loaded = "SELECT loaded FROM duckdb_extensions() WHERE extension_name = $name"
    assert list(reader.rows(loaded, {"name": name})) == [(True,)]


@pytest.mark.parametrize(
    "setting",
    [
        "autoinstall_known_extensions",
        "autoload_known_extensions",
        "allow_community_extensions",
        "allow_unsigned_extensions",
        "python_enable_replacements",
    ],
)
def test_nothing_is_fetched_or_loaded_by_itself(reader: Warehouse, setting: str) -> None:
    assert list(reader.rows("SELECT current_setting($name)", {"name": setting})) == [(False,)]


def test_a_warehouse_opens_without_a_network(
    study: Layout, tmp_path: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for proxy in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(proxy, "http://127.0.0.1:1")
    start(OFFLINE, study.root)
    # DuckDB keeps what it fetches in the home folder
    assert list(home.iterdir()) == []


def test_a_missing_wheel_is_named_with_its_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_EXTENSIONS", ("httpfs", "no_such_thing"))
    with pytest.raises(WarehouseError, match="extension no_such_thing is not installed") as refused:
        connect(Layout(Path("unused")))
    assert refused.value.cure == "Install roentgene again with its dependencies"


def test_wheels_of_another_duckdb_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duckdb, "__version__", "9.9.9")
    with pytest.raises(WarehouseError, match=r"httpfs is not made for duckdb 9\.9\.9") as refused:
        connect(Layout(Path("unused")))
    assert refused.value.cure == "Install the duckdb version that roentgene pins"


def test_a_damaged_extension_is_refused_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    damaged = tmp_path / "ducklake.duckdb_extension"
    content = bytearray(extension_file("ducklake").read_bytes())
    content[len(content) // 2] ^= 1
    damaged.write_bytes(content)
    monkeypatch.setattr(connection, "_EXTENSIONS", ("ducklake",))
    monkeypatch.setattr(connection, "extension_file", lambda name: damaged)
    with pytest.raises(WarehouseError, match=r"ducklake cannot be loaded: .*signature") as refused:
        connect(Layout(tmp_path))
    assert refused.value.cure == "Install roentgene again with its dependencies"


# --- making a warehouse


def test_a_new_warehouse_is_one_folder_with_its_settings(tmp_path: Path) -> None:
    rules = PatientFeatureRules(reference_rater="ann")
    study = Study(name="my study", patient_feature=rules, publish=False)
    layout = create_warehouse(str(tmp_path / "deep" / "study"), study)
    assert layout == Layout(tmp_path / "deep" / "study") == find_warehouse(layout.root)
    assert {path.name for path in layout.root.iterdir()} == CREATED
    assert read_study(layout.root) == study
    with open_warehouse(layout.root, read_only=False) as warehouse:
        assert warehouse.study == study
        assert warehouse.snapshot_id == 3


def test_a_warehouse_is_called_like_its_folder_unless_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for step in ("bring_up_to_date", "give_statistics"):
        monkeypatch.setattr(opening, step, lambda warehouse: None)
    assert read_study(create_warehouse(tmp_path / "lung").root) == Study(name="lung")


def test_options_of_the_lake_are_set_for_good(reader: Warehouse) -> None:
    found = dict(reader.rows("SELECT option_name, value FROM lake.options()"))
    expected = {
        "data_inlining_row_limit": "0",
        "parquet_version": "V2",
        "parquet_compression": "zstd",
        "require_commit_message": "true",
    }
    assert {name: found[name] for name in expected} == expected


def test_a_warehouse_is_never_written_over(made: Layout, digest: Digest) -> None:
    whole = digest(made.root)
    with pytest.raises(FileError, match="holds a warehouse already") as refused:
        create_warehouse(made.root, Study(name="other"))
    assert refused.value.cure == "Choose another folder; a warehouse is never written over"
    assert digest(made.root) == whole


def test_a_catalogue_without_settings_is_not_taken_over(study: Layout, digest: Digest) -> None:
    study.study.unlink()
    whole = digest(study.root)
    with pytest.raises(FileError, match=r"holds a catalogue without study\.yaml") as refused:
        create_warehouse(study.root)
    assert "Put study.yaml back" in refused.value.cure
    assert digest(study.root) == whole


def test_who_is_slower_does_not_write_over_who_was_quicker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout = Layout(tmp_path / "study")

    @contextmanager
    def waited(path: Path) -> Iterator[None]:
        with writer_lock(path):
            layout.study.write_text("name: theirs\n", encoding="utf-8")
            yield

    monkeypatch.setattr(opening, "writer_lock", waited)
    with pytest.raises(FileError, match="holds a warehouse already"):
        create_warehouse(layout.root, Study(name="ours"))
    assert read_study(layout.root).name == "theirs"


def test_a_warehouse_that_was_not_finished_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(warehouse: Warehouse) -> None:
        raise MemoryError

    monkeypatch.setattr(opening, "bring_up_to_date", fail)
    with pytest.raises(MemoryError):
        create_warehouse(tmp_path / "study")
    with pytest.raises(WarehouseError, match="is no warehouse"):
        open_warehouse(tmp_path / "study")


# --- readers only read


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO study.setting VALUES ('a', 'b')",
        "UPDATE study.setting SET value = 'b'",
        "DELETE FROM study.setting",
        "CREATE TABLE study.mine (i INTEGER)",
        "CREATE VIEW mart.mine AS SELECT 1",
        "ALTER TABLE study.setting ADD COLUMN i INTEGER",
        "DROP VIEW mart.coverage",
        "CREATE SCHEMA mine",
    ],
)
def test_a_reader_cannot_write(reader: Warehouse, digest: Digest, statement: str) -> None:
    whole = digest(reader.folder)
    with pytest.raises(duckdb.InvalidInputException, match="read-only"):
        reader.connection.execute(statement)
    assert digest(reader.folder) == whole


def test_a_reader_cannot_write_past_the_lake_into_its_catalogue(
    study: Layout, digest: Digest
) -> None:
    whole = digest(study.root)
    with (
        open_warehouse(study.root) as warehouse,
        pytest.raises(duckdb.InvalidInputException, match="read-only"),
    ):
        warehouse.connection.execute("CALL lake.set_option('require_commit_message', false)")
    assert digest(study.root) == whole


def test_a_reader_leaves_no_trace(study: Layout, stage: Stage, digest: Digest) -> None:
    add(study.root, stage, "A")
    whole = digest(study.root)
    assert cohorts(study.root) == ["A"]
    assert digest(study.root) == whole


def test_only_the_present_can_be_written_to(made: Layout) -> None:
    with pytest.raises(FileError, match="only as it is now") as refused:
        open_warehouse(made.root, at=1, read_only=False)
    assert refused.value.cure == "Leave 'at' out, or open it read-only"


# --- one writer


def test_a_second_writer_is_told_and_readers_are_not_kept_out(
    study: Layout, stage: Stage, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(study.root, stage, "A")
    writer = start(IDLE_WRITER, study.root)
    monkeypatch.setattr(lock, "DEADLINE_SECONDS", 0.2)
    with pytest.raises(WarehouseBusyError, match="another process is writing") as refused:
        open_warehouse(study.root, read_only=False)
    assert refused.value.cure == "Wait until it has finished and try again"
    # what the first has begun is not seen
    assert cohorts(study.root) == ["A"]
    wait_until_dead(writer)
    # the lock died with its holder, and what it had begun is gone
    with open_warehouse(study.root, read_only=False) as warehouse:
        assert list(warehouse.rows(COHORTS)) == [("A",)]
        assert warehouse.snapshots()[-1].message == "add A"


def test_closing_lets_the_lock_go_and_so_does_an_error_while_opening(
    study: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        open_warehouse(study.root, read_only=False),
        pytest.raises(WarehouseBusyError),
        writer_lock(study.writer_lock, 0),
    ):
        pass
    with writer_lock(study.writer_lock, 0):
        pass
    damaged = study.catalogue.with_name("aside")
    study.catalogue.rename(damaged)
    study.catalogue.write_bytes(b"this is no database" * 1000)
    with pytest.raises(WarehouseError, match=r"catalog\.sqlite is damaged") as refused:
        open_warehouse(study.root, read_only=False)
    assert "roentgene restore" in refused.value.cure
    with writer_lock(study.writer_lock, 0):
        pass


# --- a busy catalogue


@pytest.mark.usefixtures("hasty")
def test_a_busy_catalogue_is_waited_for(study: Layout, hold_catalogue: Hold) -> None:
    hold_catalogue(study, "BEGIN EXCLUSIVE", 0.6)
    begun = time.monotonic()
    with open_warehouse(study.root) as warehouse:
        assert list(warehouse.rows(COHORTS)) == []
    assert time.monotonic() - begun > 0.4


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("read_only", [True, False])
def test_a_catalogue_that_stays_busy_is_told(
    study: Layout, hold_catalogue: Hold, read_only: bool
) -> None:
    hold_catalogue(study, "BEGIN EXCLUSIVE")
    with pytest.raises(WarehouseBusyError, match="stayed locked by another process") as refused:
        open_warehouse(study.root, read_only=read_only)
    assert refused.value.cure == "Wait until it has finished and try again"


# --- a moved folder


@pytest.fixture
def old_place(birthplace: Path) -> Iterator[Path]:
    """Where the catalogue says that its data is; the warehouse has moved away from there."""
    assert not birthplace.exists()
    yield birthplace
    shutil.rmtree(birthplace, ignore_errors=True)


def write_and_read(layout: Layout, stage: Stage) -> None:
    """Do all that touches data files: insert, change, delete, read."""
    n_files = len(list(layout.data.rglob("*.parquet")))
    with open_warehouse(layout.root, read_only=False) as warehouse:
        with warehouse.transaction("ann", "insert") as tx:
            rows = [{"cohort_id": "A", "title": "a"}, {"cohort_id": "B", "title": "b"}]
            tx.insert("study.cohort", stage("study.cohort", *rows))
        with warehouse.transaction("ann", "change and delete") as tx:
            tx.replace("study.cohort", stage("study.cohort", {"cohort_id": "A", "title": "å"}))
            tx.delete("study.cohort", stage("study.cohort", {"cohort_id": "B"}))
        found = warehouse.rows("SELECT cohort_id, title FROM study.cohort")
        assert list(found) == [("A", "å")]
    assert len(list(layout.data.rglob("*.parquet"))) > n_files


@pytest.mark.parametrize("there_now", [{}, {"data": "folder"}])
def test_a_moved_folder_writes_nothing_to_where_it_was(
    study: Layout, stage: Stage, old_place: Path, digest: Digest, there_now: dict[str, str]
) -> None:
    with sqlite3.connect(study.catalogue) as con:
        query = "SELECT value FROM ducklake_metadata WHERE key = 'data_path'"
        assert con.execute(query).fetchall() == [(f"{old_place}/data/",)]
    con.close()
    for folder in there_now:
        (old_place / folder).mkdir(parents=True)
    write_and_read(study, stage)
    assert old_place.exists() == bool(there_now)
    assert digest(old_place) == there_now


def test_a_copy_and_its_original_do_not_touch_each_other(
    study: Layout, stage: Stage, old_place: Path, digest: Digest
) -> None:
    shutil.copytree(study.root, old_place)
    original = digest(old_place)
    write_and_read(study, stage)
    assert digest(old_place) == original
    copy = digest(study.root)
    write_and_read(Layout(old_place), stage)
    assert digest(study.root) == copy


# --- a writer that was killed inside its commit


def freeze_inside_commit(writer: subprocess.Popen[str], layout: Layout) -> None:
    """Stop a writer while it puts the pages of a commit into the catalogue."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        if is_hot(layout.hot_journal):
            writer.send_signal(signal.SIGSTOP)
            time.sleep(0.005)
            if is_hot(layout.hot_journal):
                return
            writer.send_signal(signal.SIGCONT)
    pytest.fail("the writer was never caught inside a commit")


def is_hot(journal: Path) -> bool:
    """Whether a journal must be rolled back: SQLite begins it once the old pages are safe in it."""
    with suppress(FileNotFoundError), journal.open("rb") as file:
        return file.read(1) == b"\xd9"
    return False


def whole_deliveries(warehouse: Warehouse) -> int:
    """Count the deliveries, each of which must be there with all that belongs to it."""
    ((n_cohorts, n_patients),) = warehouse.rows(
        "SELECT (SELECT count(*) FROM study.cohort), (SELECT count(*) FROM study.patient)"
    )
    said = [s.message for s in warehouse.snapshots() if s.author == "wes"]
    assert n_cohorts == n_patients == len(said)
    return len(said)


def test_a_writer_killed_inside_its_commit_is_named_and_the_next_one_recovers(
    study: Layout, start: Start
) -> None:
    writer = start(WRITER, study.root)
    freeze_inside_commit(writer, study)
    wait_until_dead(writer)
    with pytest.raises(WarehouseError, match="stopped inside its commit") as refused:
        open_warehouse(study.root)
    assert refused.value.cure == "Run 'roentgene doctor' or the next ingest; nothing is lost"
    assert not isinstance(refused.value, WarehouseBusyError)
    with open_warehouse(study.root, read_only=False) as warehouse:
        whole_deliveries(warehouse)
    assert not study.hot_journal.exists()


def told_by(catalogue: Path) -> list[str]:
    with closing(sqlite3.connect(catalogue)) as con:
        return list(con.iterdump())


def test_nothing_half_written_is_ever_seen(study: Layout, stage: Stage, start: Start) -> None:
    add(study.root, stage, "A")
    before, whole = study.catalogue.read_bytes(), told_by(study.catalogue)
    start(HALF_WRITTEN, study.catalogue, options=("-I", "-S")).wait()
    assert study.catalogue.read_bytes() != before
    with pytest.raises(WarehouseError, match="stopped inside its commit"):
        open_warehouse(study.root)
    with open_warehouse(study.root, read_only=False) as warehouse:
        assert list(warehouse.rows(COHORTS)) == [("A",)]
        assert warehouse.snapshots()[-1].message == "add A"
    # pages that hold nothing need not come back as they were
    assert told_by(study.catalogue) == whole


def test_a_reader_that_is_open_is_told_too_and_rolls_nothing_back(
    study: Layout, start: Start
) -> None:
    with open_warehouse(study.root) as reader:
        start(HALF_WRITTEN, study.catalogue, options=("-I", "-S")).wait()
        half = study.catalogue.read_bytes()
        with pytest.raises(WarehouseError, match="stopped inside its commit"):
            reader.rows("SELECT * FROM study.patient")
        assert study.catalogue.read_bytes() == half


@pytest.mark.torture
def test_whenever_a_writer_is_killed_every_delivery_is_whole(study: Layout, start: Start) -> None:
    # at least one delivery a round, for the writer says when it has made its first
    n_deliveries = n_named = 0
    for round_no in range(9):
        writer = start(WRITER, study.root)
        if round_no % 3 == 0:
            freeze_inside_commit(writer, study)
        else:
            time.sleep(0.037 * round_no)
        wait_until_dead(writer)
        try:
            with open_warehouse(study.root) as warehouse:
                whole_deliveries(warehouse)
        except WarehouseError as error:
            assert "stopped inside its commit" in error.message
            n_named += 1
        with open_warehouse(study.root, read_only=False) as warehouse:
            found = whole_deliveries(warehouse)
        assert found > n_deliveries
        n_deliveries = found
    assert n_named >= 3


# --- one warehouse, opened several times in turn


def test_each_opening_in_turn_sees_what_was_committed_before(
    study: Layout, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    databases = []

    def connect_once(layout: Layout, storage: Storage) -> duckdb.DuckDBPyConnection:
        databases.append(connect(layout, storage))
        return databases[-1]

    with monkeypatch.context() as patched, pytest.raises(RuntimeError, match="the end"):
        patched.setattr(opening, "connect", connect_once)
        with Opener(study.root) as opener:
            with opener.open(read_only=False) as writer, writer.transaction("ann", "add") as tx:
                tx.insert("study.cohort", stage("study.cohort", {"cohort_id": "A"}))
            with opener.open() as reader:
                assert list(reader.rows(COHORTS)) == [("A",)]
                add(study.root, stage, "B")
                assert list(reader.rows(COHORTS)) == [("A",)]
            with opener.open() as reader:
                assert list(reader.rows(COHORTS)) == [("A",), ("B",)]
                with pytest.raises(FileError, match="to read"):
                    reader.transaction("ann", "add")
            msg = "the end"
            raise RuntimeError(msg)
    # its own, and that of the writer between
    assert len(databases) == 2
    for database in databases:
        with pytest.raises(duckdb.ConnectionException):
            database.execute("SELECT 1")


def test_nothing_is_attached_and_no_lock_held_between_openings(study: Layout, stage: Stage) -> None:
    with Opener(study.root) as opener:
        for read_only in (False, True):
            opener.open(read_only=read_only).close()
            with writer_lock(study.writer_lock, deadline=0.0):
                other = sqlite3.connect(study.catalogue, isolation_level=None, timeout=0)
                other.execute("BEGIN EXCLUSIVE")
                other.close()


def test_an_opening_that_failed_leaves_nothing_to_the_next(study: Layout, stage: Stage) -> None:
    rows = stage("study.cohort", {"cohort_id": "A"})
    with Opener(study.root) as opener:
        writer = opener.open(read_only=False)
        writer.connection.execute("BEGIN TRANSACTION")
        writer.connection.register("rows_of_a_failure", rows)
        with pytest.raises(duckdb.Error):
            writer.connection.execute("SELECT * FROM no_such_table")
        writer.close()
        with opener.open(read_only=False) as again:
            with pytest.raises(duckdb.CatalogException):
                again.connection.execute("SELECT * FROM rows_of_a_failure")
            with again.transaction("ann", "add") as tx:
                tx.insert("study.cohort", rows)
    assert cohorts(study.root) == ["A"]
