"""A warehouse moves out of its folder and back, and nothing of it is other than it was."""

from __future__ import annotations

import json
import secrets
import shlex
import shutil
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import duckdb
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from roentgene.app.cli import app
from roentgene.schemas.errors import FileError, WarehouseError
from roentgene.schemas.storage import Storage
from roentgene.schemas.study import Study, read_study
from roentgene.schemas.tables import table
from roentgene.warehouse import moving
from roentgene.warehouse.layout import WAREHOUSE_VARIABLE, Layout
from roentgene.warehouse.moving import move
from roentgene.warehouse.opening import create_warehouse, open_warehouse

pytestmark = pytest.mark.extras


RELEASED = Path(__file__).parents[1] / "released" / "0.1.0.zip"
HELD = "SELECT cohort_id FROM study.cohort"
IS_NAMED = "SELECT max(table_id) FROM moved.ducklake_table WHERE table_name ="


class Store(Protocol):
    endpoint: str

    def storage(self, prefix: str, **more: object) -> dict[str, object]: ...
    def files(self, prefix: str) -> dict[str, bytes]: ...


class Database(Protocol):
    def storage(self, **more: object) -> Storage: ...
    def ask(self, sql: str) -> str: ...


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    """Give a warehouse with a history, in its folder; it is copied for each test."""
    layout = create_warehouse(tmp_path_factory.mktemp("made") / "lgg", Study(name="lgg"))
    with layout.study.open("a", encoding="utf-8") as file:
        file.write("# somebody's own words\nlimits: {rows: 77}\n")
    for name in "ABC":
        add(layout, name)
    with (
        open_warehouse(layout.root, read_only=False) as writer,
        writer.transaction("tester", "one less") as tx,
    ):
        tx.delete("study.cohort", rows("B"))
    layout.seals.mkdir(parents=True)
    (layout.seals / "one").touch()
    return layout


@pytest.fixture
def embedded(made: Layout, tmp_path: Path) -> Layout:
    shutil.copytree(made.root, tmp_path / "lgg")
    return Layout(tmp_path / "lgg")


def rows(name: str) -> pa.Table:
    declared = table("study.cohort")
    row = {column.name: name for column in declared.columns}
    return pa.Table.from_pylist([row], declared.arrow_schema)


def add(layout: Layout, name: str) -> None:
    with (
        open_warehouse(layout.root, read_only=False) as writer,
        writer.transaction("tester", f"add {name}") as tx,
    ):
        tx.insert("study.cohort", rows(name))


def history(layout: Layout) -> list[Any]:
    """Every snapshot with its number, time, author, message and what it held."""
    told: list[Any] = []
    with open_warehouse(layout.root) as warehouse:
        for one in warehouse.snapshots():
            held: list[Any] = []
            # the first one holds no tables yet
            with suppress(duckdb.CatalogException):
                held = list(warehouse.rows(f"{HELD} AT (VERSION => {one.snapshot_id}) ORDER BY 1"))
            told.append((one, held))
    return told


def test_out_of_the_folder_and_back(embedded: Layout, database: Database, store: Store) -> None:
    prefix = f"moved/{secrets.token_hex(4)}"
    before = history(embedded)
    target = database.storage(catalog_schema="moved", **store.storage(prefix))
    done = move(embedded.root, target)
    assert (done.n_snapshots, done.n_rows > 0, done.n_files > 3) == (len(before), True, True)
    assert history(embedded) == before
    assert not embedded.catalogue.exists()
    assert [path.name for path in done.aside] == [
        "catalog.sqlite.before-move-1",
        "data.before-move-1",
    ]
    assert not list(embedded.seals.iterdir())
    assert len(store.files(prefix)) == done.n_files
    study = read_study(embedded.root)
    assert (study.storage, study.limits.rows) == (target, 77)
    assert "# somebody's own words" in embedded.study.read_text(encoding="utf-8")
    add(embedded, "D")
    grown = history(embedded)
    below = database.storage(catalog_schema="below", **store.storage(f"{prefix}/below"))
    with pytest.raises(FileError, match="would be removed with it"):
        move(embedded.root, below)
    back = move(embedded.root, Storage())
    assert history(embedded) == grown
    assert embedded.catalogue.is_file()
    assert (back.aside, len(back.left)) == ((), 2)
    add(embedded, "E")
    assert len(history(embedded)) == len(grown) + 1


def test_data_change_their_form_on_their_way_to_a_bucket_and_from_prefix_to_prefix(
    embedded: Layout, database: Database, store: Store
) -> None:
    def at(name: str, **more: object) -> Storage:
        places = store.storage(f"{prefix}/{name}")
        return database.storage(catalog_schema=name, **places, **more)

    prefix = f"recoded/{secrets.token_hex(4)}"
    before = history(embedded)
    done = move(embedded.root, at("sealed", encrypted=True))
    assert (history(embedded), done.n_files > 3) == (before, True)
    sealed = store.files(f"{prefix}/sealed").values()
    assert (len(sealed), {content[:4] for content in sealed}) == (done.n_files, {b"PARE"})
    in_place = at("sealed").model_copy(update={"catalog_schema": "again"})
    with pytest.raises(FileError, match="written anew at another place"):
        move(embedded.root, in_place)
    move(embedded.root, at("clear"))
    assert history(embedded) == before
    assert {content[:4] for content in store.files(f"{prefix}/clear").values()} == {b"PAR1"}
    assert store.files(f"{prefix}/sealed").keys()


def test_data_alone_move_to_a_bucket(embedded: Layout, store: Store) -> None:
    before = history(embedded)
    move(embedded.root, Storage.model_validate(store.storage(f"alone/{secrets.token_hex(4)}")))
    assert history(embedded) == before
    assert not list(embedded.data.rglob("*.parquet"))


def test_the_command_says_and_does_it(embedded: Layout, database: Database) -> None:
    before = history(embedded)
    catalog = database.storage().catalog
    call = ["move", "--to", str(catalog), "--schema", "moved", "-w", str(embedded.root), "--json"]
    files = sorted(path for path in embedded.root.rglob("*"))
    told = CliRunner().invoke(app, [*call, "--dry-run"])
    assert told.exit_code == 0, told.output
    assert json.loads(told.stdout)["n_snapshots"] == len(before)
    assert sorted(path for path in embedded.root.rglob("*")) == files
    assert database.ask("SELECT count(*) FROM pg_namespace WHERE nspname = 'moved'") == "0"
    assert CliRunner().invoke(app, call).exit_code == 0
    assert history(embedded) == before
    # a second time there is nothing to do
    assert CliRunner().invoke(app, call).exit_code == 2


@pytest.mark.parametrize(
    "stopped_in", ["copy_data", "copy_catalogue", "compare", "_forget_seals", "write_storage"]
)
def test_what_is_stopped_leaves_the_former_form_in_use(
    embedded: Layout,
    database: Database,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    stopped_in: str,
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    before = history(embedded)
    prefix = f"stopped/{secrets.token_hex(4)}"
    target = database.storage(catalog_schema="moved", **store.storage(prefix))
    with monkeypatch.context() as patch:
        patch.setattr(moving, stopped_in, stop)
        with pytest.raises(KeyboardInterrupt):
            move(embedded.root, target)
    assert read_study(embedded.root).storage == Storage()
    assert history(embedded) == before
    if stopped_in in ("copy_data", "copy_catalogue"):
        move(embedded.root, target)
    else:
        with pytest.raises(FileError, match="holds a catalogue already"):
            move(embedded.root, target)
        move(embedded.root, target.model_copy(update={"catalog_schema": "again"}))
    assert history(embedded) == before


def test_a_copy_that_is_not_the_same_is_found(
    embedded: Layout, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied = moving.copy_catalogue

    def lose_a_deletion(*given: Any) -> None:
        copied(*given)
        table_id = database.ask(f"{IS_NAMED} 'cohort'")
        forgotten = "UPDATE moved.ducklake_data_file SET end_snapshot = NULL"
        database.ask(f"{forgotten} WHERE table_id = {table_id}")

    monkeypatch.setattr(moving, "copy_catalogue", lose_a_deletion)
    with pytest.raises(WarehouseError, match=r"study.cohort at snapshot .* is not the same"):
        move(embedded.root, database.storage(catalog_schema="moved"))
    assert read_study(embedded.root).storage == Storage()


def test_an_older_warehouse_is_upgraded_by_the_commands_of_the_refusal(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with zipfile.ZipFile(RELEASED) as packed:
        packed.extractall(tmp_path)
    old = Layout(tmp_path / "study")
    move(old.root, database.storage(catalog_schema="moved"))
    with open_warehouse(old.root) as reader:
        before = reader.snapshots()
    with pytest.raises(WarehouseError, match="made by an earlier roentgene"):
        open_warehouse(old.root, read_only=False)
    monkeypatch.setenv(WAREHOUSE_VARIABLE, str(old.root))
    told = CliRunner().invoke(app, ["upgrade"]).stderr
    for command in told.partition("else writes: ")[2].strip().split(" && "):
        done = CliRunner().invoke(app, shlex.split(command)[1:])
        assert done.exit_code == 0, done.output
    assert read_study(old.root).storage == database.storage(catalog_schema="moved_2")
    with open_warehouse(old.root, read_only=False) as writer:
        assert writer.snapshots()[: len(before)] == before


def test_a_prefix_of_something_else_is_not_taken(embedded: Layout, store: Store) -> None:
    study = Study.model_validate({"name": "x", "storage": store.storage("taken/by-another")})
    create_warehouse(embedded.root.parent / "other", study)
    add(Layout(embedded.root.parent / "other"), "X")
    with pytest.raises(FileError, match="holds files of something else"):
        move(embedded.root, study.storage)
