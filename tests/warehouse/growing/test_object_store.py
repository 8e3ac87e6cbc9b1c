"""A warehouse whose data lie in an object store works as one whose data lie in its folder."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pytest

from roentgene.app.deep_health import check_deeply
from roentgene.app.warehouse_health import check_warehouse
from roentgene.schemas.errors import FileError, WarehouseError
from roentgene.schemas.study import Study, read_study
from roentgene.schemas.tables import table
from roentgene.warehouse import data_file
from roentgene.warehouse.analyst_file import is_current, renew
from roentgene.warehouse.compaction import optimize
from roentgene.warehouse.layout import Layout
from roentgene.warehouse.object_store import file_system
from roentgene.warehouse.opening import create_warehouse, open_warehouse

pytestmark = pytest.mark.extras


class Store(Protocol):
    port: int
    endpoint: str

    def storage(self, prefix: str, **more: object) -> dict[str, object]: ...
    def files(self, prefix: str) -> dict[str, bytes]: ...


class Database(Protocol):
    def study(self, **more: object) -> Study: ...


@pytest.fixture
def prefix() -> str:
    return f"lgg/{secrets.token_hex(4)}"


@pytest.fixture
def stored(store: Store, prefix: str, tmp_path: Path) -> Layout:
    study = Study.model_validate({"name": "stored", "storage": store.storage(prefix)})
    return create_warehouse(tmp_path / "stored", study)


def add(layout: Layout, *names: str) -> None:
    declared = table("study.cohort")
    rows = [{column.name: name for column in declared.columns} for name in names]
    with open_warehouse(layout.root, read_only=False) as writer:
        with writer.transaction("tester", "add") as tx:
            tx.insert("study.cohort", pa.Table.from_pylist(rows, declared.arrow_schema))
        renew(writer)


def cohorts(layout: Layout, at: int | None = None) -> list[str]:
    with open_warehouse(layout.root, at=at) as reader:
        return [name for (name,) in reader.rows("SELECT cohort_id FROM study.cohort ORDER BY 1")]


def test_data_lie_in_the_store_alone(
    stored: Layout, store: Store, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # a file of our own would be written into the folder
    monkeypatch.setattr(data_file, "MANY_ROWS", 1)
    add(stored, "A")
    with open_warehouse(stored.root) as reader:
        first = reader.snapshot_id
    add(stored, "B")
    assert (cohorts(stored), cohorts(stored, first)) == (["A", "B"], ["A"])
    assert not [path for path in stored.root.rglob("*.parquet")]
    assert len([path for path in store.files(prefix) if "/study/cohort/" in path]) == 2
    optimize(stored.root, expire_older_than=0)
    assert cohorts(stored) == ["A", "B"]
    with open_warehouse(stored.root, read_only=False) as writer:
        renew(writer)
        assert is_current(writer)


def test_both_settings_together(
    database: Database, store: Store, prefix: str, tmp_path: Path
) -> None:
    both = create_warehouse(
        tmp_path / "both", database.study(catalog_schema="both", **store.storage(prefix))
    )
    add(both, "A")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "study.yaml").write_bytes(both.study.read_bytes())
    # nothing but study.yaml is shared
    add(Layout(elsewhere), "B")
    assert cohorts(both) == ["A", "B"]
    # in clear, so that every value is read; the analyst's file here is not of the last commit
    deep = {one.level: one.check for one in check_deeply(both, lambda *_: None)}
    assert deep.pop("warning").startswith("analyst's file")
    assert set(deep) == {"ok"}
    found = {one.check: one for one in check_warehouse(both)}
    assert {one.level for one in found.values()} <= {"ok", "warning"}
    assert "version 1" in found["catalogue server"].detail
    assert "in clear" in found["object store"].detail
    assert "are there" in found["data files"].detail


def test_doctor_misses_a_file(stored: Layout, store: Store, prefix: str) -> None:
    add(stored, "A")
    (gone,) = [path for path in store.files(prefix) if "/study/cohort/" in path]
    file_system(read_study(stored.root).storage).delete_file(gone)
    found = {one.check: one for one in check_warehouse(stored)}
    assert "not there" in found["data files"].detail
    assert found["data files"].level == "bad"


def test_a_prefix_that_holds_files_is_not_taken(
    stored: Layout, store: Store, prefix: str, tmp_path: Path
) -> None:
    add(stored, "A")
    study = Study.model_validate({"name": "again", "storage": store.storage(prefix)})
    with pytest.raises(FileError, match="holds files already"):
        create_warehouse(tmp_path / "again", study)


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("AWS_SECRET_ACCESS_KEY", "wrong and very private", "Check .AWS_ACCESS_KEY_ID"),
        ("AWS_ACCESS_KEY_ID", "", "Set .AWS_ACCESS_KEY_ID"),
    ],
)
def test_who_may_not_is_told_what_to_check(
    stored: Layout, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, told: str
) -> None:
    add(stored, "A")
    monkeypatch.setenv(variable, value)
    for read_only in (True, False):
        with (
            pytest.raises(WarehouseError, match=told) as refused,
            open_warehouse(stored.root, read_only=read_only) as warehouse,
        ):
            list(warehouse.rows("SELECT * FROM study.cohort"))
        assert "private" not in str(refused.value)
        assert refused.value.exit_code == 3


@pytest.mark.parametrize("change", ["port", "bucket"])
def test_a_store_that_is_not_there_is_named(stored: Layout, store: Store, change: str) -> None:
    text = stored.study.read_text(encoding="utf-8")
    changed = {
        "port": text.replace(f":{store.port}", ":1").replace(": 20", ": 2"),
        "bucket": text.replace("s3://studies", "s3://nobodys"),
    }[change]
    stored.study.write_text(changed, encoding="utf-8")
    with pytest.raises(WarehouseError, match=r"s3://|bucket nobodys") as refused:
        open_warehouse(stored.root, read_only=False)
    assert "study.yaml" in refused.value.cure


def test_encrypted_data_say_nothing_in_the_bucket_and_a_deep_look_knows_each_byte(
    database: Database, store: Store, prefix: str, tmp_path: Path
) -> None:
    places = {"catalog_schema": "sealed", "encrypted": True, **store.storage(prefix)}
    sealed = create_warehouse(tmp_path / "sealed", database.study(**places))
    add(sealed, "Zwischenlappen")
    add(sealed, "B")
    assert cohorts(sealed) == ["B", "Zwischenlappen"]
    objects = store.files(prefix)
    assert {content[:4] for content in objects.values()} == {b"PARE"}
    assert not [path for path, content in objects.items() if b"Zwischenlappen" in content]
    assert {one.level for one in check_deeply(sealed, lambda *_: None)} == {"ok"}

    first, second = sorted(path for path in objects if "/study/cohort/" in path)
    rotten = bytearray(objects[first])
    rotten[len(rotten) // 2] ^= 1
    system = file_system(read_study(sealed.root).storage)
    with system.open_output_stream(first) as written:
        written.write(bytes(rotten))
    system.delete_file(second)
    with system.open_output_stream(f"studies/{prefix}/strange") as written:
        written.write(b"123")
    found = {one.check: one for one in check_deeply(sealed, lambda *_: None)}
    told = found["data, every value"]
    assert told.level == "bad"
    assert f"s3://{first} of study.cohort (not what was written, by its hash)" in told.detail
    assert f"s3://{second} of study.cohort (" in told.detail
    assert "1 file of 3 bytes" in found["orphans"].detail
