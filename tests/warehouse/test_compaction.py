"""``optimize``: many small commits become few files; nothing pinned is lost, nothing is changed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from roentgene.schemas.errors import FileError, WarehouseBusyError
from roentgene.schemas.study import Study
from roentgene.warehouse.compaction import optimize
from roentgene.warehouse.layout import Layout
from roentgene.warehouse.lock import writer_lock
from roentgene.warehouse.opening import create_warehouse, open_warehouse
from roentgene.warehouse.store import Warehouse

_TABLE = "imaging.feature_value"
_INSERT = (
    f"INSERT INTO {_TABLE} SELECT 'A', {{batch}} * 10 + range // 50, range % 50, random(), 'ok',"
    " NULL FROM range(500)"
)
_BATCHES = 8


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    """A warehouse of many small commits, some of which delete; nobody writes to it."""
    layout = create_warehouse(tmp_path_factory.mktemp("many") / "study", Study(name="study"))
    with open_warehouse(layout.root, read_only=False) as warehouse:
        for batch in range(_BATCHES):
            with warehouse.transaction("ann", f"batch {batch}") as transaction:
                transaction.execute_statement(_INSERT.format(batch=batch))
                if batch % 3 == 1:
                    gone = f"DELETE FROM {_TABLE} WHERE measurement_id = {batch * 10 - 10}"
                    transaction.execute_statement(gone)
    return layout


@pytest.fixture
def layout(many: Layout, tmp_path: Path) -> Layout:
    shutil.copytree(many.root, tmp_path / "study")
    return Layout(tmp_path / "study")


def answers(layout: Layout, at: int | None = None) -> list[tuple[Any, ...]]:
    with open_warehouse(layout.root, at=at) as warehouse:
        return sorted(warehouse.rows(f"FROM {_TABLE}"))


def snapshots(layout: Layout) -> dict[int, str | None]:
    with open_warehouse(layout.root) as warehouse:
        return {one.snapshot_id: one.message for one in warehouse.snapshots()}


def current_files(warehouse: Warehouse) -> list[str]:
    place = {"schema": "imaging", "table": "feature_value"}
    sql = "SELECT data_file FROM ducklake_list_files('lake', $table, schema => $schema)"
    return [file for (file,) in warehouse.rows(sql, place)]


def test_many_files_become_one_in_order_and_say_the_same(layout: Layout) -> None:
    before = answers(layout)
    done = optimize(layout.root)
    told, of_events = done.before
    assert (told.table, told.n_files, told.n_deletes) == (_TABLE, _BATCHES, 3)
    assert of_events.table == "ops.event"
    assert [(after.n_files, after.n_deletes) for after in done.after] == [(1, 0), (1, 0)]
    assert answers(layout) == before
    with open_warehouse(layout.root) as warehouse:
        (file,) = current_files(warehouse)
        read = f"SELECT feature_id, measurement_id FROM read_parquet('{file}')"
        stored = list(warehouse.rows(read))
    assert stored == sorted(stored)
    assert optimize(layout.root).before == ()


def test_every_snapshot_stays_and_the_work_is_committed_with_its_message(layout: Layout) -> None:
    known = snapshots(layout)
    earlier = {number: answers(layout, number) for number in list(known)[2:]}
    done = optimize(layout.root)
    assert done.expired == ()
    after = snapshots(layout)
    assert known.items() <= after.items()
    new = [message for number, message in after.items() if number not in known]
    assert new[0] == "optimize 1 table"
    assert new[1:3] == [
        f"optimize: rewrite files of {_TABLE}",
        f"optimize: merge files of {_TABLE}",
    ]
    for number, rows in earlier.items():
        assert answers(layout, number) == rows


def test_snapshots_of_releases_and_those_to_keep_never_expire(layout: Layout) -> None:
    released, kept, *_ = list(snapshots(layout))[3:]
    rows = {number: answers(layout, number) for number in (released, kept)}
    release = {
        "release": "idh@1.0.0",
        "snapshot_id": released,
        "fingerprint": "-",
        "spec": "{}",
        "created_at": datetime.now(UTC),
        "author": "ann",
    }
    with open_warehouse(layout.root, read_only=False) as warehouse:
        declared = warehouse.arrow("FROM ops.release LIMIT 0").schema
        row = {name: release.get(name) for name in declared.names}
        with warehouse.transaction("ann", "release") as transaction:
            transaction.insert("ops.release", pa.Table.from_pylist([row], declared))
    before, last = answers(layout), max(snapshots(layout))
    done = optimize(layout.root, expire_older_than=0, keep=[kept])
    assert set(done.kept) == {released, kept}
    gone = {snapshot.snapshot_id for snapshot in done.expired}
    assert gone
    left = snapshots(layout)
    assert {number for number in left if number < last} == {released, kept}
    assert last in left
    assert not gone & set(left)
    assert answers(layout) == before
    for number, was in rows.items():
        assert answers(layout, number) == was
    with pytest.raises(FileError, match="has expired"):
        answers(layout, min(gone))


def test_young_snapshots_stay(layout: Layout) -> None:
    known = snapshots(layout)
    assert optimize(layout.root, expire_older_than=1).expired == ()
    assert set(known) <= set(snapshots(layout))


def test_files_that_a_query_may_still_read_stay(layout: Layout) -> None:
    with open_warehouse(layout.root) as reader:
        files = current_files(reader)
        optimize(layout.root)
        assert all(Path(file).exists() for file in files)
        assert reader.rows(f"SELECT count(*) FROM {_TABLE}")


def test_a_dry_run_tells_and_does_nothing(
    layout: Layout, digest: Callable[..., dict[str, str]]
) -> None:
    before = digest(layout.root)
    done = optimize(layout.root, expire_older_than=0, dry_run=True)
    assert done.dry_run
    assert [files.table for files in done.before] == [_TABLE]
    assert done.expired
    assert digest(layout.root) == before


def test_a_snapshot_to_keep_must_be_there(layout: Layout) -> None:
    with pytest.raises(FileError, match="snapshot 999 does not exist"):
        optimize(layout.root, expire_older_than=0, keep=[999])


@pytest.mark.usefixtures("impatient")
def test_it_waits_for_the_writer(layout: Layout) -> None:
    with writer_lock(layout.writer_lock), pytest.raises(WarehouseBusyError):
        optimize(layout.root)
