"""Backups: whole or not there, never written twice, and a warehouse that comes back from them."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pytest

from roentgene.schemas.errors import (
    CatalogueDamagedError,
    DataDamagedError,
    DiskFullError,
    FileError,
    WarehouseBusyError,
    WarehouseError,
)
from roentgene.warehouse.care import content_store, exchange
from roentgene.warehouse.care import restore as restoring
from roentgene.warehouse.care.backup import BackupReport, back_up
from roentgene.warehouse.care.backup_manifest import BackupFile, manifest_file, read_manifest
from roentgene.warehouse.care.backup_state import list_backups, prune, verify_backups
from roentgene.warehouse.care.backup_store import BackupStore, find_store, store_lock
from roentgene.warehouse.care.ledger import ledger_file
from roentgene.warehouse.care.restore import restore
from roentgene.warehouse.layout import Layout
from roentgene.warehouse.lock import writer_lock
from roentgene.warehouse.opening import open_warehouse

Digest = Callable[..., dict[str, str]]
Stage = Callable[..., pa.Table]
Start = Callable[..., subprocess.Popen[str]]

COHORTS = "SELECT cohort_id FROM study.cohort ORDER BY ALL"
# copies slowly: it says so before the second file, and waits to be killed
KILLED_BACKUP = """
import sys
from pathlib import Path
from roentgene.warehouse.care.backup import back_up
from roentgene.warehouse.layout import Layout

def wait(path, number, n_files):
    if number == int(sys.argv[3]):
        print("ready", flush=True)
        sys.stdin.readline()

back_up(Layout(Path(sys.argv[1])), Path(sys.argv[2]), wait)
"""
KILLED_RESTORE = """
import sys
from pathlib import Path
from roentgene.warehouse.care.backup_store import find_store
from roentgene.warehouse.care.restore import restore

def wait(path, number, n_files):
    if number == n_files:
        print("ready", flush=True)
        sys.stdin.readline()

store = find_store(Path(sys.argv[1]))
restore(store, store.latest(), Path(sys.argv[2]), replace=True, on_file=wait)
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


def data_file(layout: Layout) -> Path:
    return next((layout.data / "study" / "cohort").rglob("*.parquet"))


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    assert process.wait(timeout=30) == -signal.SIGKILL


@pytest.fixture
def filled(study: Layout, stage: Stage) -> Layout:
    """A warehouse with a cohort, a release, a report, and what is none of its own."""
    add(study.root, stage, "A")
    release = study.releases / "idh@1.0.0"
    release.mkdir(parents=True)
    (release / "table.csv").write_text("a\n1\n", encoding="utf-8")
    (study.reports / "b1.html").write_text("<p>gates</p>", encoding="utf-8")
    for left in (study.releases / ".unfinished-1", study.staging / "A"):
        left.mkdir()
        (left / "half").write_text("half", encoding="utf-8")
    (study.root / "secret.key").write_text("k" * 40, encoding="utf-8")
    return study


@pytest.fixture
def store(filled: Layout, tmp_path: Path) -> BackupStore:
    """One backup of it."""
    back_up(filled, tmp_path / "backups")
    return find_store(tmp_path / "backups")


def paths(store: BackupStore, made: BackupReport | None = None) -> set[str]:
    manifest = store.latest() if made is None else store.read(made.backup)
    return {file.path for file in manifest.files}


# --- making


def test_a_backup_holds_what_a_warehouse_is_and_nothing_else(
    filled: Layout, store: BackupStore
) -> None:
    data = {f"data/{p.relative_to(filled.data)}" for p in filled.data.rglob("*.parquet")}
    own = {"study.yaml", "catalog.sqlite", "releases/idh@1.0.0/table.csv", "reports/b1.html"}
    assert paths(store) == data | own
    manifest = store.latest()
    assert manifest.study == "study"
    with open_warehouse(filled.root) as warehouse:
        assert manifest.snapshot_id == warehouse.snapshot_id


def test_what_is_there_already_is_not_written_again(
    filled: Layout, store: BackupStore, stage: Stage, digest: Digest
) -> None:
    contents = digest(store.root / "contents")
    again = back_up(filled, store.root)
    assert (again.n_new, again.n_new_bytes, again.is_first) == (0, 0, False)
    assert digest(store.root / "contents") == contents
    add(filled.root, stage, "B")
    third = back_up(filled, store.root)
    # the file of the cohort, and the catalogue
    assert third.n_new == 2
    assert len(store.names()) == 3
    assert cohorts(restore(store, store.read(again.backup), store.root.parent / "a").folder) == [
        "A"
    ]
    assert cohorts(restore(store, store.latest(), store.root.parent / "b").folder) == ["A", "B"]


def test_the_copy_of_the_catalogue_holds_no_page_out_of_use(filled: Layout, tmp_path: Path) -> None:
    with closing(sqlite3.connect(filled.catalogue)) as con:
        con.execute("PRAGMA secure_delete = OFF")
        con.execute("CREATE TABLE gone AS SELECT 'Withdrawn-Person-77' AS id")
        con.execute("DROP TABLE gone")
        con.commit()
    assert b"Withdrawn-Person-77" in filled.catalogue.read_bytes()
    back_up(filled, tmp_path / "backups")
    for file in (tmp_path / "backups").rglob("*"):
        assert file.is_dir() or b"Withdrawn-Person-77" not in file.read_bytes()


def test_files_that_no_snapshot_needs_are_not_missed_later(filled: Layout, tmp_path: Path) -> None:
    with closing(sqlite3.connect(filled.catalogue)) as con:
        con.execute(
            "INSERT INTO ducklake_files_scheduled_for_deletion VALUES (99, 'study/x.parquet', 1,"
            " '2020-01-01 00:00:00+00')"
        )
        con.commit()
    back_up(filled, tmp_path / "backups")
    store = find_store(tmp_path / "backups")
    folder = restore(store, store.latest(), tmp_path / "back").folder
    with closing(sqlite3.connect(Layout(folder).catalogue)) as con:
        asked = "SELECT count(*) FROM ducklake_files_scheduled_for_deletion"
        assert con.execute(asked).fetchone() == (0,)


def test_a_commit_that_was_cut_off_is_rolled_back_first(
    filled: Layout, tmp_path: Path, start: Start
) -> None:
    half = """
import os, signal, sqlite3, sys
con = sqlite3.connect(sys.argv[1], isolation_level=None)
con.execute("PRAGMA cache_size = 1")
con.execute("BEGIN")
con.execute("UPDATE ducklake_column SET column_name = 'half_' || column_name")
print("ready", flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    start(half, filled.catalogue).wait()
    assert filled.hot_journal.exists()
    back_up(filled, tmp_path / "backups")
    store = find_store(tmp_path / "backups")
    assert cohorts(restore(store, store.latest(), tmp_path / "back").folder) == ["A"]


def test_the_lock_is_held_for_what_changes_and_let_go_for_the_data(
    filled: Layout, tmp_path: Path
) -> None:
    free: dict[str, bool] = {}

    def try_lock(path: str, number: int, n_files: int) -> None:
        try:
            with writer_lock(filled.writer_lock, deadline=0):
                free[path.split("/")[0]] = True
        except WarehouseBusyError:
            free[path.split("/")[0]] = False

    back_up(filled, tmp_path / "backups", try_lock)
    held = dict.fromkeys(["catalog.sqlite", "study.yaml", "releases", "reports"], False)
    assert free == {**held, "data": True}


@pytest.mark.parametrize("damage", ["missing", "cut", "changed"])
def test_damaged_data_make_no_backup(
    filled: Layout, store: BackupStore, damage: str, stage: Stage
) -> None:
    file = data_file(filled)
    whole = file.read_bytes()
    file.unlink()
    if damage != "missing":
        turned = bytes([whole[9] ^ 1])
        file.write_bytes(whole[:-9] if damage == "cut" else whole[:9] + turned + whole[10:])
    with pytest.raises(DataDamagedError, match=file.name) as refused:
        back_up(filled, store.root)
    assert "no backup was made" in refused.value.message
    assert len(store.names()) == 1
    folder = restore(store, store.latest(), filled.root, replace=True).folder
    assert cohorts(folder) == ["A"]
    assert data_file(filled).read_bytes() == whole


def test_the_ledger_is_one_that_sha256sum_reads(filled: Layout, store: BackupStore) -> None:
    ledger = ledger_file(filled).read_text(encoding="utf-8").splitlines()
    hashes = {file.path: file.sha256 for file in store.latest().files}
    assert ledger
    for line in ledger:
        sha256, path = line.split("  ")
        assert hashes[f"data/{path}"] == sha256


def test_a_damaged_catalogue_makes_no_backup(filled: Layout, store: BackupStore) -> None:
    content = bytearray(filled.catalogue.read_bytes())
    content[4096 * 3 : 4096 * 40] = os.urandom(4096 * 37)
    filled.catalogue.write_bytes(content)
    with pytest.raises(CatalogueDamagedError) as refused:
        back_up(filled, store.root)
    assert "roentgene restore" in refused.value.cure
    assert len(store.names()) == 1


def test_a_backup_lies_outside_its_warehouse_in_a_folder_of_its_own(
    filled: Layout, tmp_path: Path
) -> None:
    for inside in (filled.root / "backups", filled.root, filled.root.parent):
        with pytest.raises(FileError, match="lie in one another"):
            back_up(filled, inside)
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.tex").touch()
    with pytest.raises(FileError, match="something else than backups"):
        back_up(filled, other)
    with pytest.raises(FileError, match="is not there"):
        back_up(filled, tmp_path / "no" / "disk")
    assert not (tmp_path / "no").exists()


def test_two_do_not_work_on_the_backups_at_once(filled: Layout, store: BackupStore) -> None:
    with store_lock(store), pytest.raises(WarehouseBusyError, match="works on the backups"):
        back_up(filled, store.root)


@pytest.mark.parametrize("at_file", [1, 3])
def test_a_backup_that_was_killed_is_none(
    filled: Layout, tmp_path: Path, start: Start, at_file: int
) -> None:
    folder = tmp_path / "backups"
    kill(start(KILLED_BACKUP, filled.root, folder, at_file))
    store = find_store(folder)
    assert store.names() == []
    with pytest.raises(FileError, match="no backup that was finished"):
        store.latest()
    back_up(filled, folder)
    assert [state.fault for state in verify_backups(store)] == [""]
    prune(store, ())
    assert not [file for file in folder.rglob("*") if ".unfinished-" in file.name]


def test_a_copy_that_is_not_what_was_read_does_not_stay(
    filled: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = content_store._copy

    def badly(source: Path, target: Path) -> None:
        copy(source, target)
        if source.suffix == ".parquet":
            target.write_bytes(target.read_bytes()[:-1] + b"?")

    monkeypatch.setattr(content_store, "_copy", badly)
    with pytest.raises(WarehouseError, match="but its copy holds"):
        back_up(filled, tmp_path / "backups")
    assert find_store(tmp_path / "backups").names() == []
    monkeypatch.undo()
    back_up(filled, tmp_path / "backups")
    assert not verify_backups(find_store(tmp_path / "backups"))[0].fault


def test_a_full_disk_leaves_no_half_backup(
    filled: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = content_store._copy

    def until_full(source: Path, target: Path) -> None:
        copy(source, target)
        if source.suffix == ".parquet":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target))

    monkeypatch.setattr(content_store, "_copy", until_full)
    with pytest.raises(DiskFullError) as refused:
        back_up(filled, tmp_path / "backups")
    assert refused.value.exit_code == 4
    store = find_store(tmp_path / "backups")
    assert store.names() == []
    assert not list((store.root / "contents").rglob(".*"))


# --- looking at them, and removing them


def break_content(store: BackupStore, path: str, content: bytes | None) -> None:
    file = next(one for one in store.latest().files if one.path == path)
    place = store.contents.place(file.content)
    place.chmod(0o600)
    if content is None:
        place.unlink()
    else:
        place.write_bytes(content)


def test_a_backup_that_lacks_a_file_is_listed_as_damaged(store: BackupStore) -> None:
    assert [state.fault for state in list_backups(store)] == [""]
    break_content(store, "reports/b1.html", None)
    assert [state.fault for state in list_backups(store)] == ["lacks reports/b1.html"]


def test_verification_reads_what_a_list_only_sees(store: BackupStore) -> None:
    break_content(store, "reports/b1.html", b"<p>gatez</p>")
    assert [state.fault for state in list_backups(store)] == [""]
    (state,) = verify_backups(store)
    assert state.fault == "reports/b1.html damaged or missing"


@pytest.mark.parametrize("damage", ["cut", "changed", "newer"])
def test_a_manifest_that_is_not_what_was_written_is_no_backup(
    store: BackupStore, damage: str, tmp_path: Path
) -> None:
    (name,) = store.names()
    file = manifest_file(store.manifests, name)
    said = json.loads(file.read_text(encoding="utf-8"))
    said |= {"changed": {"snapshot_id": 1}, "newer": {"format": 2}, "cut": {}}[damage]
    text = json.dumps(said)
    file.write_text(text[:-30] if damage == "cut" else text, encoding="utf-8")
    with pytest.raises(WarehouseError, match=r"cannot be used|newer roentgene"):
        read_manifest(file)
    (state,) = list_backups(store)
    assert state.fault
    with pytest.raises(WarehouseError, match=r"cannot be used|newer roentgene"):
        prune(store, ())
    assert prune(store, [name]).removed == (name,)
    assert not list((store.root / "contents").iterdir())


@pytest.mark.parametrize(
    "path", ["../x", "data/../../x", "/etc/passwd", "data", "keys/a", "data//x", "data\\..\\x", ""]
)
def test_a_manifest_names_no_place_outside_a_warehouse(path: str) -> None:
    with pytest.raises(ValueError, match="no place in a warehouse"):
        BackupFile(path=path, sha256="0" * 64, bytes=1)


def test_pruning_keeps_what_a_kept_backup_needs(
    filled: Layout, store: BackupStore, stage: Stage
) -> None:
    (first,) = store.names()
    add(filled.root, stage, "B")
    back_up(filled, store.root)
    would = prune(store, [first], dry_run=True)
    assert (would.removed, would.n_contents) == ((first,), 1)
    assert first in store.names()
    done = prune(store, [first])
    # the former catalogue alone: files of data are those of the second too
    assert (done.removed, done.n_contents, len(done.kept)) == ((first,), 1, 1)
    assert not verify_backups(store)[0].fault
    assert len(list((store.root / "contents").rglob("*.*"))) == 0


# --- bringing back


def test_what_was_backed_up_comes_back_to_the_byte(
    filled: Layout, store: BackupStore, tmp_path: Path, digest: Digest
) -> None:
    folder = restore(store, store.latest(), tmp_path / "back").folder
    before, after = digest(filled.root, folders=False), digest(folder, folders=False)
    event = {p for p in after if p.startswith("data/ops/event/")} - set(before)
    made_anew = event | {
        "catalog.sqlite",
        "published/analyst.duckdb",
        "published/.analyst.state.json",
    }
    left = {"secret.key", "staging/A/half", "releases/.unfinished-1/half"}
    assert {p: h for p, h in after.items() if p not in made_anew} == {
        p: h for p, h in before.items() if p not in made_anew | left
    }
    assert (folder / "published" / "analyst.duckdb").is_file()
    with (
        open_warehouse(folder) as one,
        open_warehouse(filled.root) as other,
    ):
        *former, last = one.snapshots()
        assert former == other.snapshots()
        assert last.message == f"restore {store.names()[0]}"
        asked = "SELECT action, subject FROM ops.event ORDER BY happened_at DESC LIMIT 1"
        assert list(one.rows(asked)) == [("restore", store.names()[0])]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["back", "backups", "study"]


def test_a_warehouse_is_never_written_over_unless_told(
    filled: Layout, store: BackupStore, stage: Stage, digest: Digest
) -> None:
    add(filled.root, stage, "B")
    before = digest(filled.root)
    with pytest.raises(FileError, match="nothing is written over"):
        restore(store, store.latest(), filled.root)
    assert digest(filled.root) == before
    done = restore(store, store.latest(), filled.root, replace=True)
    assert cohorts(filled.root) == ["A"]
    assert done.aside is not None
    assert cohorts(done.aside) == ["A", "B"]


def test_where_folders_cannot_be_exchanged_they_are_renamed(
    filled: Layout, store: BackupStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "_exchanged", lambda one, other: False)
    done = restore(store, store.latest(), filled.root, replace=True)
    assert (cohorts(filled.root), done.aside is not None) == (["A"], True)


@pytest.mark.parametrize("path", ["data", "study.yaml", "catalog.sqlite"])
def test_a_damaged_backup_changes_nothing(
    filled: Layout, store: BackupStore, path: str, digest: Digest
) -> None:
    found = next(file.path for file in store.latest().files if file.path.startswith(path))
    break_content(store, found, b"broken")
    before = digest(filled.root)
    with pytest.raises(DataDamagedError, match=f"backup of {found} is damaged"):
        restore(store, store.latest(), filled.root, replace=True)
    assert digest(filled.root) == before
    assert not list(filled.root.parent.glob(".*"))


def test_a_restore_that_was_killed_leaves_the_old_and_is_cleared_up(
    filled: Layout, store: BackupStore, start: Start, digest: Digest
) -> None:
    before = digest(filled.root)
    running = start(KILLED_RESTORE, store.root, filled.root)
    restore(store, store.latest(), filled.root.parent / "elsewhere")
    (beside,) = filled.root.parent.glob(".study.restoring-*")
    with restoring._beside(filled.root):
        assert beside.is_dir()  # somebody still fills it
    kill(running)
    assert digest(filled.root) == before
    restore(store, store.latest(), filled.root, replace=True)
    assert not list(filled.root.parent.glob(".*"))


def test_a_warehouse_that_is_written_to_is_not_replaced(
    filled: Layout, store: BackupStore, impatient: None
) -> None:
    with (
        open_warehouse(filled.root, read_only=False),
        pytest.raises(WarehouseBusyError, match="another process is writing"),
    ):
        restore(store, store.latest(), filled.root, replace=True)
    assert cohorts(filled.root) == ["A"]


def test_who_waited_for_the_lock_of_the_former_folder_takes_the_new_one(
    filled: Layout, tmp_path: Path
) -> None:
    with writer_lock(filled.writer_lock):
        shutil.move(filled.root, tmp_path / "aside")
        filled.root.mkdir()
        # of the new folder nobody holds it
        with writer_lock(filled.writer_lock, deadline=0):
            pass


def test_a_restore_without_room_begins_nothing(
    store: BackupStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=0)
    monkeypatch.setattr(restoring.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(DiskFullError, match="bytes are to be written"):
        restore(store, store.latest(), tmp_path / "back")
    assert not (tmp_path / "back").exists()


def test_a_file_of_an_analyst_that_cannot_be_made_is_told(
    store: BackupStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(warehouse: object) -> None:
        msg = "no"
        raise WarehouseError(msg)

    monkeypatch.setattr(restoring, "renew_file", fails)
    done = restore(store, store.latest(), tmp_path / "back")
    assert done.warning == "the analyst's file was not made: no"
    assert cohorts(done.folder) == ["A"]


def test_a_folder_that_is_no_store_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="holds no backups") as refused:
        find_store(tmp_path)
    assert "mounted" in refused.value.cure


def test_backups_of_two_studies_are_told_apart(
    filled: Layout, store: BackupStore, made: Layout, tmp_path: Path
) -> None:
    shutil.copytree(made.root, tmp_path / "other")
    other = Layout(tmp_path / "other")
    other.study.write_text("name: other\n", encoding="utf-8")
    named = back_up(other, store.root)
    with pytest.raises(FileError, match="backups of other, study"):
        store.latest()
    assert restore(store, store.read(named.backup), tmp_path / "x").backup == named.backup
