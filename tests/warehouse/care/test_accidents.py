"""Each accident ends in the old or the new state, and is told with what to do."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from roentgene.schemas.errors import (
    CatalogueDamagedError,
    DataDamagedError,
    DataFolderGoneError,
    DiskFullError,
    NetworkFileSystemError,
)
from roentgene.schemas.study import QueryLimits
from roentgene.warehouse import file_system
from roentgene.warehouse.accidents import accident
from roentgene.warehouse.file_system import file_system_type
from roentgene.warehouse.layout import Layout
from roentgene.warehouse.opening import create_warehouse, open_warehouse
from roentgene.warehouse.query import run_limited

Digest = Callable[..., dict[str, str]]
Stage = Callable[..., pa.Table]

COHORTS = "SELECT cohort_id, title FROM study.cohort ORDER BY ALL"
FILES = (
    "24 1 0:22 / /sys rw - sysfs sysfs rw\n25 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda rw\n"
)
# in a mount of its own, of 64 MB: fills the disk but for some bytes, and then does what is asked
ON_A_SMALL_DISK = """
import json, os, shutil, subprocess, sys
from pathlib import Path
source, mount, action, left = sys.argv[1:]
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "none", mount], check=True)
folder = Path(mount) / "study"
shutil.copytree(source, folder)

import pyarrow as pa
from roentgene.schemas.errors import WarehouseError
from roentgene.schemas.tables import table
from roentgene.warehouse.analyst_file import renew
from roentgene.warehouse.opening import open_warehouse

ROWS = 200_000
declared = table("study.cohort")
words = {"VARCHAR": "-", "BOOLEAN": True, "DOUBLE": 0.0, "INTEGER": 1, "BIGINT": 1}
columns = {c.name: [words[c.type] if c.required else None] * ROWS for c in declared.columns}
columns["cohort_id"] = [os.urandom(8).hex() for _ in range(ROWS)]
rows = pa.table(columns, declared.arrow_schema)

def fill():
    usage = os.statvfs(mount)
    room = usage.f_bavail * usage.f_frsize - int(left)
    (Path(mount) / "filler").write_bytes(b"x" * max(room, 0))

def look():
    with open_warehouse(folder) as reader:
        n = next(reader.rows("SELECT count(*) FROM study.cohort"))[0]
    return n, sorted(p.name for p in (folder / "published").glob(".*unfinished*"))

told = None
try:
    with open_warehouse(folder, read_only=False) as warehouse:
        if action == "commit":
            fill()
        with warehouse.transaction("ann", "many") as tx:
            tx.insert("study.cohort", rows)
        if action == "publish":
            fill()
            renew(warehouse)
except WarehouseError as error:
    told = [error.code, error.exit_code, error.message]
except Exception as error:
    from roentgene.app.told_error import told_error
    of_it = told_error(error)
    told = [of_it.code, of_it.exit_code, of_it.message]
(Path(mount) / "filler").unlink()
from roentgene.schemas.storage import Storage
from roentgene.warehouse.care.catalogue import listed_files, scheduled_files
from roentgene.warehouse.care.data_check import orphans
from roentgene.warehouse.care.stored_data import StoredData
from roentgene.warehouse.layout import Layout
found, catalogue = StoredData(Layout(folder), Storage()).sizes(), folder / "catalog.sqlite"
left_over = list(orphans(found, listed_files(catalogue), scheduled_files(catalogue)))
n_after, unfinished = look()
with open_warehouse(folder, read_only=False) as warehouse:
    if n_after == 1:
        with warehouse.transaction("ann", "many") as tx:
            tx.insert("study.cohort", rows.slice(0, 10))
    renew(warehouse)
answer = {"told": told, "n_after": n_after, "unfinished": unfinished, "left_over": left_over}
print(json.dumps({**answer, "n_next": look()[0]}))
"""


@pytest.fixture
def filled(study: Layout, stage: Stage) -> Layout:
    with (
        open_warehouse(study.root, read_only=False) as warehouse,
        warehouse.transaction("ann", "add A") as tx,
    ):
        tx.insert("study.cohort", stage("study.cohort", {"cohort_id": "A"}))
    return study


def data_file(layout: Layout) -> Path:
    return next((layout.data / "study" / "cohort").rglob("*.parquet"))


# --- files of data


@pytest.mark.parametrize(
    ("n_bytes", "fault"), [(None, "is missing"), (-9, "is cut off"), (3, "is cut off")]
)
def test_a_file_of_data_is_named_with_its_cure(
    filled: Layout, n_bytes: int | None, fault: str
) -> None:
    file = data_file(filled)
    content = file.read_bytes()
    file.unlink()
    if n_bytes is not None:
        file.write_bytes(content[:n_bytes])
    with open_warehouse(filled.root) as warehouse:
        with pytest.raises(DataDamagedError, match=fault) as refused:
            warehouse.rows(COHORTS)
        # what does not need it can be read
        assert list(warehouse.rows("SELECT count(*) FROM study.patient")) == [(0,)]
    assert str(file) in refused.value.message
    assert "roentgene restore" in refused.value.cure
    file.write_bytes(content)
    with open_warehouse(filled.root) as warehouse:
        assert len(list(warehouse.rows(COHORTS))) == 1


def test_a_question_is_not_to_blame_for_a_file_that_is_missing(filled: Layout) -> None:
    data_file(filled).unlink()
    with (
        open_warehouse(filled.root) as warehouse,
        pytest.raises(DataDamagedError, match="is missing"),
    ):
        run_limited(warehouse.connection, COHORTS, None, QueryLimits())


def test_a_page_that_cannot_be_read_is_told(filled: Layout) -> None:
    file = data_file(filled)
    content = bytearray(file.read_bytes())
    content[4:200] = bytes(196)
    file.write_bytes(content)
    with (
        open_warehouse(filled.root) as warehouse,
        pytest.raises(DataDamagedError, match="a file of data is damaged") as refused,
    ):
        warehouse.rows(COHORTS)
    assert "doctor --deep" in refused.value.cure


@pytest.mark.parametrize("left", ["nothing", "an empty folder"])
@pytest.mark.parametrize("read_only", [True, False])
def test_data_on_a_disk_that_is_not_mounted_are_never_begun_anew(
    filled: Layout, tmp_path: Path, left: str, read_only: bool, digest: Digest
) -> None:
    filled.data.rename(tmp_path / "unmounted")
    if left != "nothing":
        filled.data.mkdir()
    before = digest(filled.root)
    with pytest.raises(DataFolderGoneError, match="folder with the data") as refused:
        open_warehouse(filled.root, read_only=read_only)
    assert "Mount its disk" in refused.value.cure
    assert digest(filled.root) == before
    if left != "nothing":
        filled.data.rmdir()
    (tmp_path / "unmounted").rename(filled.data)
    with open_warehouse(filled.root) as warehouse:
        assert len(list(warehouse.rows(COHORTS))) == 1


# --- the catalogue


@pytest.mark.parametrize("damage", ["no database", "cut", "noise", "empty"])
@pytest.mark.parametrize("read_only", [True, False])
def test_a_damaged_catalogue_is_told_and_left_as_it_is(
    filled: Layout, damage: str, read_only: bool
) -> None:
    content = filled.catalogue.read_bytes()
    noise = content[:8192] + os.urandom(len(content) - 8192)
    damaged = {
        "no database": b"x" * 5000,
        "cut": content[:100_000],
        "noise": noise,
        "empty": b"",
    }[damage]
    filled.catalogue.write_bytes(damaged)
    with pytest.raises(CatalogueDamagedError, match=str(filled.catalogue)) as refused:
        open_warehouse(filled.root, read_only=read_only)
    assert "roentgene restore" in refused.value.cure
    assert filled.catalogue.read_bytes() == damaged
    # a program can tell it from a warehouse that somebody else uses
    assert (refused.value.code, refused.value.exit_code) == ("catalogue_damaged", 3)


# --- a full disk


@pytest.fixture
def small_disk(tmp_path: Path) -> Callable[..., dict[str, object]]:
    """Do something on a disk of 64 MB of which little is left."""

    def run(layout: Layout, action: str, left: int) -> dict[str, object]:
        unshare = shutil.which("unshare")
        if unshare is None:
            pytest.skip("no unshare: no disk can be made for the test")
        (tmp_path / "mount").mkdir()
        asked = (str(layout.root), str(tmp_path / "mount"), action, str(left))
        done = subprocess.run(
            [unshare, "-Urm", sys.executable, "-c", ON_A_SMALL_DISK, *asked],
            capture_output=True,
            text=True,
        )
        if "unshare" in done.stderr or "mount:" in done.stderr:
            pytest.skip("the kernel lets nobody mount")
        assert done.returncode == 0, done.stderr
        answer: dict[str, object] = json.loads(done.stdout)
        return answer

    return run


@pytest.mark.parametrize("left", [0, 20_000, 500_000])
def test_a_disk_that_is_full_before_the_commit_changes_nothing(
    filled: Layout, small_disk: Callable[..., dict[str, object]], left: int
) -> None:
    answer = small_disk(filled, "commit", left)
    told = answer["told"]
    assert isinstance(told, list)
    assert told[:2] == ["disk_full", 4]
    assert (answer["n_after"], answer["n_next"]) == (1, 11)
    assert answer["left_over"] == []


def test_a_disk_that_is_full_after_the_commit_keeps_it(
    filled: Layout, small_disk: Callable[..., dict[str, object]]
) -> None:
    answer = small_disk(filled, "publish", 100_000)
    told = answer["told"]
    assert isinstance(told, list)
    assert told[1] == 3
    assert "was not renewed" in told[2]
    assert (answer["n_after"], answer["n_next"]) == (200_001, 200_001)
    assert answer["unfinished"] == []


def test_an_error_of_a_query_is_no_accident() -> None:
    for words in ('Table "no such file" does not exist', "syntax error at 'x.parquet'"):
        assert accident(duckdb.Error(words)) is None
    full = accident(duckdb.IOException("Could not write file: No space left on device"))
    assert isinstance(full, DiskFullError)


# --- a network


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/mnt/share/study", "nfs4"),
        ("/mnt/share/local/study", "xfs"),
        ("/mnt/two words/study", "cifs"),
        ("/home/ann/remote", "fuse.sshfs"),
        ("/home/ann/remote2", "ext4"),
        ("/srv", "ext4"),
    ],
)
def test_the_file_system_of_a_folder_is_known(tmp_path: Path, folder: str, kind: str) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        FILES
        + "30 25 0:50 / /mnt/share rw master:1 - nfs4 srv:/x rw,vers=4.2\n"
        + "31 30 8:2 / /mnt/share/local rw - xfs /dev/sdb rw\n"
        + "32 25 0:51 / /mnt/two\\040words rw shared:7 master:2 - cifs //srv/x rw\n"
        + "33 25 0:52 / /home/ann/remote rw - fuse.sshfs ann@srv: rw\n",
        encoding="utf-8",
    )
    assert file_system_type(Path(folder), mounts) == kind
    assert file_system_type(Path(folder), tmp_path / "none") is None


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "fuse.sshfs"])
def test_a_catalogue_on_a_network_is_refused_with_the_ways_out(
    filled: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"{FILES}30 25 0:50 / {tmp_path} rw - {kind} srv:/x rw\n", encoding="utf-8")
    monkeypatch.setattr(file_system, "MOUNTS", mounts)
    for read_only in (True, False):
        with pytest.raises(NetworkFileSystemError, match=kind) as refused:
            open_warehouse(filled.root, read_only=read_only)
        assert "PostgreSQL" in refused.value.cure
        assert "a disk of this machine" in refused.value.cure
    with pytest.raises(NetworkFileSystemError):
        create_warehouse(tmp_path / "new")
    assert not (tmp_path / "new").exists()
