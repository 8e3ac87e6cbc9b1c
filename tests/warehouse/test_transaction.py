"""A batch is in the lake as a whole, with its author and message, or there is nothing of it."""

from __future__ import annotations

import getpass
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from roentgene.schemas.errors import WarehouseBusyError, WarehouseError
from roentgene.warehouse.layout import Layout
from roentgene.warehouse.opening import open_warehouse
from roentgene.warehouse.store import Warehouse
from roentgene.warehouse.transaction import AUTHOR_VARIABLE, current_author

Stage = Callable[..., pa.Table]
Hold = Callable[..., subprocess.Popen[str]]
Start = Callable[..., subprocess.Popen[str]]
Digest = Callable[..., dict[str, str]]

PATIENTS = "SELECT patient_id, sex, site FROM study.patient ORDER BY ALL"
# another client that looks whether it could write
PROBE = """
import sqlite3, sys
con = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=0)
con.execute("BEGIN EXCLUSIVE")
con.execute("ROLLBACK")
print("ready", flush=True)
"""


@pytest.fixture(scope="module")
def opened(made: Layout, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    folder = tmp_path_factory.mktemp("opened") / "study"
    shutil.copytree(made.root, folder)
    with open_warehouse(folder, read_only=False) as warehouse:
        yield warehouse


@pytest.fixture
def writer(opened: Warehouse) -> Iterator[Warehouse]:
    """A warehouse open for writing, and emptied after each test."""
    yield opened
    with opened.transaction("ann", "empty it") as tx:
        tx.execute_statement("DELETE FROM study.patient")
        tx.execute_statement("DELETE FROM study.cohort")


def patient(patient_id: str, **columns: Any) -> dict[str, Any]:
    return {"cohort_id": "A", "patient_id": patient_id, "person_id": patient_id} | columns


def test_a_batch_is_one_snapshot_with_author_and_message(writer: Warehouse, stage: Stage) -> None:
    before = writer.snapshots()
    with writer.transaction("ann", "second delivery; it's late") as tx:
        assert tx.insert("study.cohort", stage("study.cohort", {"cohort_id": "A"})) == 1
        assert tx.insert("study.patient", stage("study.patient", patient("1"), patient("2"))) == 2
        assert tx.insert("study.patient", stage("study.patient")) == 0
        # nobody else sees it yet, and it sees itself
        assert writer.snapshot_id == before[-1].snapshot_id
        assert tx.arrow(PATIENTS)["patient_id"].to_pylist() == ["1", "2"]
    (new,) = writer.snapshots()[len(before) :]
    assert (new.author, new.message) == ("ann", "second delivery; it's late")
    assert new.snapshot_id == before[-1].snapshot_id + 1
    assert [row[0] for row in writer.rows(PATIENTS)] == ["1", "2"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_failed_transaction_leaves_nothing(
    writer: Warehouse, stage: Stage, digest: Digest, error: type[BaseException]
) -> None:
    with writer.transaction("ann", "first") as tx:
        tx.insert("study.patient", stage("study.patient", patient("1")))
    whole = digest(writer.folder, folders=False)
    with pytest.raises(error), writer.transaction("ann", "second") as tx:
        tx.insert("study.cohort", stage("study.cohort", {"cohort_id": "A"}))
        tx.replace("study.patient", stage("study.patient", patient("1", sex="female")))
        tx.execute_statement("CREATE TABLE study.leftover (i INTEGER)")
        raise error
    assert list(writer.rows(PATIENTS)) == [("1", None, None)]
    assert writer.snapshots()[-1].message == "first"
    with pytest.raises(duckdb.CatalogException):
        writer.rows("SELECT * FROM study.leftover")
    # neither a file nor a word of it
    assert digest(writer.folder, folders=False) == whole


def test_after_a_failure_the_next_transaction_goes_through(writer: Warehouse, stage: Stage) -> None:
    n_before = len(writer.snapshots())
    with (
        pytest.raises(duckdb.ConstraintException, match="NOT NULL"),
        writer.transaction("ann", "no person") as tx,
    ):
        tx.insert("study.patient", stage("study.patient", patient("1")))
        tx.execute_statement("UPDATE study.patient SET person_id = NULL")
    with writer.transaction("ann", "with a person") as tx:
        tx.insert("study.patient", stage("study.patient", patient("1")))
    assert [snapshot.message for snapshot in writer.snapshots()[n_before:]] == ["with a person"]


def test_columns_come_by_name_and_more_of_them_do_no_harm(writer: Warehouse, stage: Stage) -> None:
    rows = stage("study.patient", patient("1", sex="male", site="Oslo"))
    shuffled = rows.select(sorted(rows.column_names)).append_column("aside", pa.array([1]))
    with writer.transaction("ann", "shuffled") as tx:
        tx.insert("study.patient", shuffled)
    assert list(writer.rows(PATIENTS)) == [("1", "male", "Oslo")]


def test_replacing_writes_only_what_is_new_or_changed(writer: Warehouse, stage: Stage) -> None:
    with writer.transaction("ann", "first") as tx:
        first = (patient("1", sex="male"), patient("2", site="Oslo"), patient("3"))
        assert tx.replace("study.patient", stage("study.patient", *first)) == 3
    rows = stage(
        "study.patient",
        patient("1", sex="male", batch_id="later"),  # unchanged: the batch is no content
        patient("2", site=None),  # what was known is NULL now
        patient("3", site="Bergen"),
        patient("4"),
    )
    with writer.transaction("ann", "second") as tx:
        changed = tx.changed("study.patient", rows)
        assert changed["patient_id"].to_pylist() == ["2", "3", "4"]
        assert changed.column_names == rows.column_names
        assert tx.replace("study.patient", rows) == 3
        assert tx.replace("study.patient", rows) == 0
    expected = [("1", "male", None), ("2", None, None), ("3", None, "Bergen"), ("4", None, None)]
    assert list(writer.rows(PATIENTS)) == expected


def test_a_column_that_is_ignored_does_not_count_as_a_change(
    writer: Warehouse, stage: Stage
) -> None:
    with writer.transaction("ann", "first") as tx:
        tx.insert("study.patient", stage("study.patient", patient("1", site="Oslo")))
    moved = stage("study.patient", patient("1", site="Bergen"))
    with writer.transaction("ann", "second") as tx:
        assert tx.replace("study.patient", moved, ignore=("site",)) == 0
        assert tx.replace("study.patient", moved) == 1


def test_deleting_takes_the_whole_key(writer: Warehouse, stage: Stage) -> None:
    rows = (patient("1"), patient("2"), patient("1", cohort_id="B"))
    with writer.transaction("ann", "first") as tx:
        tx.insert("study.patient", stage("study.patient", *rows))
    with writer.transaction("ann", "second") as tx:
        tx.delete("study.patient", stage("study.patient", patient("1"), patient("9")))
    left = writer.rows("SELECT cohort_id, patient_id FROM study.patient ORDER BY ALL")
    assert list(left) == [("A", "2"), ("B", "1")]


@pytest.mark.parametrize("error", ["INSERT INTO study.setting VALUES (NULL, 'a')", "BEGIN"])
def test_an_error_that_was_passed_over_inside_is_told_at_the_end(
    writer: Warehouse, stage: Stage, error: str
) -> None:
    # DuckDB would answer COMMIT as if all were well, and keep nothing
    with (
        pytest.raises(WarehouseError, match=r"nothing was committed: .*is aborted"),
        writer.transaction("ann", "first") as tx,
    ):
        tx.insert("study.patient", stage("study.patient", patient("1")))
        with pytest.raises(duckdb.Error):
            tx.execute_statement(error)
    with writer.transaction("ann", "second") as tx:
        tx.insert("study.patient", stage("study.patient", patient("2")))
    assert [row[0] for row in writer.rows(PATIENTS)] == ["2"]


@pytest.mark.usefixtures("hasty")
def test_a_busy_catalogue_is_waited_for_when_a_transaction_begins(
    study: Layout, stage: Stage, hold_catalogue: Hold
) -> None:
    with open_warehouse(study.root, read_only=False) as writer:
        hold_catalogue(study, "BEGIN EXCLUSIVE", 0.5)
        with writer.transaction("ann", "waited") as tx:
            tx.insert("study.patient", stage("study.patient", patient("1")))
        assert writer.snapshots()[-1].message == "waited"


@pytest.mark.usefixtures("impatient")
def test_a_catalogue_that_stays_busy_is_told_and_the_next_try_goes_through(
    study: Layout, stage: Stage, hold_catalogue: Hold
) -> None:
    with open_warehouse(study.root, read_only=False) as writer:
        holder = hold_catalogue(study, "BEGIN EXCLUSIVE")
        with pytest.raises(WarehouseBusyError, match="the catalogue stayed locked") as refused:
            writer.rows(PATIENTS)
        assert refused.value.cure
        with pytest.raises(WarehouseBusyError), writer.transaction("ann", "first"):
            pytest.fail("it has not begun")
        holder.kill()
        holder.wait()
        with writer.transaction("ann", "second") as tx:
            tx.insert("study.patient", stage("study.patient", patient("1")))
        assert writer.snapshots()[-1].message == "second"


@pytest.mark.slow
def test_a_commit_waits_for_a_reader_who_takes_longer_than_sqlite_would(
    study: Layout, stage: Stage, hold_catalogue: Hold
) -> None:
    with open_warehouse(study.root, read_only=False) as writer:
        hold_catalogue(study, "BEGIN", 8)
        with writer.transaction("ann", "waited") as tx:
            tx.insert("study.patient", stage("study.patient", patient("1")))
        assert writer.snapshots()[-1].message == "waited"


@pytest.mark.usefixtures("impatient")
def test_a_commit_that_others_keep_out_leaves_nothing_and_lets_go_of_the_catalogue(
    study: Layout, stage: Stage, hold_catalogue: Hold, start: Start, digest: Digest
) -> None:
    with open_warehouse(study.root, read_only=False) as writer:
        whole = digest(study.root, folders=False)
        holder = hold_catalogue(study, "BEGIN")  # reads, so that nobody can commit
        with (
            pytest.raises(WarehouseBusyError, match=r"nothing was committed: .* is locked") as told,
            writer.transaction("ann", "first") as tx,
        ):
            tx.insert("study.patient", stage("study.patient", patient("1")))
        assert told.value.cure == "Wait until nobody reads or writes, and run it again"
        assert list(writer.rows(PATIENTS)) == []
        assert digest(study.root, folders=False) == whole
        holder.kill()
        holder.wait()
        # DuckDB would keep the catalogue locked for everybody until this process ends
        start(PROBE, study.catalogue, options=("-I", "-S"))
        with writer.transaction("ann", "second") as tx:
            tx.insert("study.patient", stage("study.patient", patient("2")))
        assert [row[0] for row in writer.rows(PATIENTS)] == ["2"]
        assert writer.snapshots()[-1].message == "second"


def test_a_commit_that_fails_otherwise_is_not_called_busy(
    study: Layout, stage: Stage, digest: Digest
) -> None:
    def in_sqlite(statement: str) -> None:
        with sqlite3.connect(study.catalogue, isolation_level=None) as con:
            con.execute(statement)
        con.close()

    failing = "BEGIN SELECT RAISE(ABORT, 'the pen is dry'); END"
    in_sqlite(f"CREATE TRIGGER dry_pen BEFORE INSERT ON ducklake_snapshot {failing}")
    with open_warehouse(study.root, read_only=False) as writer:
        whole = digest(study.root, folders=False)
        with (
            pytest.raises(WarehouseError, match=r"nothing was committed: .*pen is dry") as told,
            writer.transaction("ann", "first") as tx,
        ):
            tx.insert("study.patient", stage("study.patient", patient("1")))
        assert not isinstance(told.value, WarehouseBusyError)
        assert "roentgene doctor" in told.value.cure
        assert digest(study.root, folders=False) == whole
    in_sqlite("DROP TRIGGER dry_pen")
    with open_warehouse(study.root, read_only=False) as writer:
        assert list(writer.rows(PATIENTS)) == []
        with writer.transaction("ann", "second") as tx:
            tx.insert("study.patient", stage("study.patient", patient("2")))
        assert writer.snapshots()[-1].message == "second"


def test_an_author_is_the_variable_else_the_login(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: "login")
    monkeypatch.setenv(AUTHOR_VARIABLE, "Dr Ann")
    assert current_author() == "Dr Ann"
    monkeypatch.setenv(AUTHOR_VARIABLE, "")
    assert current_author() == "login"
    monkeypatch.delenv(AUTHOR_VARIABLE)
    assert current_author() == "login"


@pytest.mark.parametrize("error", [KeyError("uid not found: 1234"), OSError("no username set")])
def test_an_account_without_a_name_is_asked_for_one(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def nameless() -> str:
        raise error

    monkeypatch.setattr(getpass, "getuser", nameless)
    monkeypatch.delenv(AUTHOR_VARIABLE, raising=False)
    with pytest.raises(WarehouseError, match="no name") as refused:
        current_author()
    assert refused.value.cure == "Say who you are: set $ROENTGENE_AUTHOR"
