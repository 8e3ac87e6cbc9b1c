"""A warehouse holds what ``schemas/`` declares and the views that study.yaml pins."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
import yaml

from roentgene.queries.migration import Migration, migrations
from roentgene.queries.registry import Registry, View, registry
from roentgene.schemas.errors import FileError, WarehouseError
from roentgene.schemas.study import DayWindow, PatientFeatureRules
from roentgene.schemas.tables import Table, tables
from roentgene.warehouse import migrate
from roentgene.warehouse.connection import attach, connect
from roentgene.warehouse.layout import Layout
from roentgene.warehouse.lock import writer_lock
from roentgene.warehouse.migrate import bring_up_to_date, views_to_publish
from roentgene.warehouse.opening import open_warehouse
from roentgene.warehouse.store import Warehouse
from roentgene.warehouse.upgrade import upgrade

Stage = Callable[..., pa.Table]
Repin = Callable[..., Warehouse]

TABLES = [pytest.param(declared, id=declared.full_name) for declared in tables().values()]
VIEW_FILES = Path(migrate.__file__).resolve().parents[1] / "queries" / "views"
NAMES_THAT_STAY = {
    "imaging.radiomic_feature",
    "mart.association",
    "mart.coverage",
    "mart.delta_radiomics",
    "mart.feature_stability",
    "mart.gene_status",
    "mart.patient_feature",
}
COLUMNS = """
SELECT column_name, data_type, is_nullable FROM information_schema.columns
WHERE table_catalog = 'lake' AND table_schema = $schema AND table_name = $name
ORDER BY ordinal_position"""
COLUMN_COMMENTS = """
SELECT column_name, comment FROM duckdb_columns()
WHERE database_name = 'lake' AND schema_name = $schema AND table_name = $name"""
# what DuckLake itself will do with the next rows
LAYOUT = """
SELECT
  list(DISTINCT p.partition_key_index::VARCHAR || c.column_name || p.transform)
    FILTER (p.column_id IS NOT NULL),
  list(DISTINCT s.sort_key_index::VARCHAR || s.expression) FILTER (s.expression IS NOT NULL)
FROM __ducklake_metadata_lake.ducklake_table AS t
INNER JOIN __ducklake_metadata_lake.ducklake_schema AS n USING (schema_id)
LEFT JOIN __ducklake_metadata_lake.ducklake_partition_column AS p USING (table_id)
LEFT JOIN __ducklake_metadata_lake.ducklake_column AS c USING (table_id, column_id)
LEFT JOIN __ducklake_metadata_lake.ducklake_sort_expression AS s ON s.table_id = t.table_id
WHERE n.schema_name = $schema AND t.table_name = $name"""
VIEWS = """
SELECT schema_name || '.' || view_name, comment FROM duckdb_views()
WHERE database_name = 'lake' AND NOT internal"""

GENE_STATUS_2 = """-- title: Second meaning
-- grain: a patient
-- reference: none
-- since: 0.2.0
--
-- Only there to be pinned.
SELECT patient_id, 'second' AS meaning FROM study.patient
"""


@pytest.fixture(scope="module")
def reader(made: Layout) -> Iterator[Warehouse]:
    with open_warehouse(made.root) as warehouse:
        yield warehouse


@pytest.fixture(scope="module")
def opened(made: Layout, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    folder = tmp_path_factory.mktemp("opened") / "study"
    shutil.copytree(made.root, folder)
    with open_warehouse(folder, read_only=False) as warehouse:
        yield warehouse


@pytest.fixture
def writer(opened: Warehouse) -> Iterator[Warehouse]:
    """A warehouse open for writing, brought back after each test to how it was made."""
    was = opened.study
    yield opened
    opened.study = was
    bring_up_to_date(opened)


@pytest.fixture
def two_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let there be a second version of mart.gene_status."""
    second = View("mart", "gene_status", 2, GENE_STATUS_2)
    both = Registry([*registry().views, second])
    monkeypatch.setattr(migrate, "registry", lambda: both)


def known_migrations(monkeypatch: pytest.MonkeyPatch, *known: Migration) -> None:
    monkeypatch.setattr(migrate, "migrations", lambda: list(known))


def place(declared: Table) -> dict[str, str]:
    return {"schema": declared.schema, "name": declared.name}


def views(warehouse: Warehouse) -> dict[str, str]:
    return dict(warehouse.rows(VIEWS))


def settings(warehouse: Warehouse) -> dict[str, str | None]:
    return dict(warehouse.rows("SELECT name, value FROM study.setting"))


def columns(warehouse: Warehouse, name: str) -> list[str]:
    return [row[0] for row in warehouse.rows(f"DESCRIBE {name}")]


def test_exactly_the_declared_tables_are_in_the_lake(reader: Warehouse) -> None:
    query = "SELECT schema_name || '.' || table_name FROM duckdb_tables() "
    found = reader.rows(query + "WHERE database_name = 'lake'")
    assert sorted(name for (name,) in found) == sorted(tables())


@pytest.mark.parametrize("declared", TABLES)
def test_columns_types_and_not_null_are_as_declared(reader: Warehouse, declared: Table) -> None:
    expected = [(c.name, c.type, "NO" if c.required else "YES") for c in declared.columns]
    assert list(reader.rows(COLUMNS, place(declared))) == expected


@pytest.mark.parametrize("declared", TABLES)
def test_partitions_and_sort_order_are_as_declared(reader: Warehouse, declared: Table) -> None:
    ((partitions, order),) = reader.rows(LAYOUT, place(declared))
    expected = [f"{i}{name}identity" for i, name in enumerate(declared.partitioned_by)]
    assert sorted(partitions or []) == expected
    expected = [f"{i}{name}" for i, name in enumerate(declared.sorted_by)]
    assert sorted(order or []) == expected


@pytest.mark.parametrize("declared", TABLES)
def test_the_words_of_the_declaration_are_in_the_lake(reader: Warehouse, declared: Table) -> None:
    comments = dict(reader.rows(COLUMN_COMMENTS, place(declared)))
    assert list(comments) == [column.name for column in declared.columns]
    for column in declared.columns:
        assert comments[column.name].startswith(column.about)


def test_rows_go_to_the_partition_of_their_cohort(writer: Warehouse, stage: Stage) -> None:
    values = [{"cohort_id": cohort_id, "measurement_id": 1} for cohort_id in ("A", "B")]
    with writer.transaction("ann", "values") as tx:
        tx.insert("imaging.feature_value", stage("imaging.feature_value", *values))
    folder = writer.layout.data / "imaging" / "feature_value"
    assert sorted(path.name for path in folder.iterdir()) == ["cohort_id=A", "cohort_id=B"]


def test_not_null_is_kept_by_the_lake_itself(writer: Warehouse, stage: Stage) -> None:
    rows = stage("study.patient", {"person_id": None})
    with (
        pytest.raises(duckdb.ConstraintException, match="person_id"),
        writer.transaction("ann", "no person") as tx,
    ):
        tx.insert("study.patient", rows)


def test_the_migrations_that_made_it_are_written_down(reader: Warehouse) -> None:
    found = reader.rows("SELECT migration, sha256 FROM ops.migration ORDER BY migration")
    assert list(found) == [(m.name, m.sha256) for m in migrations()]
    names = ", ".join(migration.name for migration in migrations())
    assert reader.snapshots()[1].message == f"bring up to date: {names}"


def test_every_view_is_in_the_lake_by_its_number_and_by_its_name(reader: Warehouse) -> None:
    files = [(path.parent.name, *path.name.split(".")[:2]) for path in VIEW_FILES.glob("*/*.sql")]
    numbered = {f"mart_versions.{name}_{version}" for _, name, version in files}
    plain = {f"{schema}.{name}" for schema, name, _ in files}
    found = views(reader)
    assert set(found) == numbered | plain
    assert plain >= NAMES_THAT_STAY
    assert found["mart.coverage"] == registry().versions("mart.coverage")[-1].header["title"]


def test_every_view_answers(reader: Warehouse) -> None:
    # the plain names have the text of one of the numbered
    for name in (name for name in views(reader) if name.startswith("mart_versions.")):
        assert reader.arrow(f"SELECT * FROM {name}").num_rows == 0


def test_opening_again_changes_nothing(writer: Warehouse) -> None:
    before = writer.snapshots()
    bring_up_to_date(writer)
    assert writer.snapshots() == before


def test_rules_of_study_yaml_reach_the_views(writer: Warehouse) -> None:
    rules = PatientFeatureRules(reference_rater="ann", lesion_rule="only", series_rule="finest")
    writer.study = writer.study.model_copy(update={"patient_feature": rules})
    bring_up_to_date(writer)
    found = settings(writer)
    assert (found["reference_rater"], found["lesion_rule"]) == ("ann", "only")
    assert found["series_rule"] == "finest"
    last = writer.snapshots()[-1]
    assert last.message == "bring up to date: settings and views"
    bring_up_to_date(writer)
    assert writer.snapshots()[-1] == last


def test_a_setting_that_is_no_longer_known_is_taken_away_once(
    writer: Warehouse, stage: Stage
) -> None:
    with writer.transaction("ann", "an older version wrote this") as tx:
        tx.insert("study.setting", stage("study.setting", {"name": "old_rule", "value": "x"}))
    bring_up_to_date(writer)
    assert "old_rule" not in settings(writer)
    before = writer.snapshots()
    bring_up_to_date(writer)
    assert writer.snapshots() == before


def windows(warehouse: Warehouse) -> dict[str, tuple[str, int, int]]:
    rows = warehouse.rows("SELECT name, anchor, from_day, to_day FROM study.day_window")
    return {name: (anchor, first, last) for name, anchor, first, last in rows}


def test_windows_of_study_yaml_reach_the_views(writer: Warehouse) -> None:
    packaged = {"post_treatment": ("rt_end", 7, 14)}
    assert windows(writer) == packaged
    month = DayWindow.model_validate({"from": 20, "to": 40})
    writer.study = writer.study.model_copy(update={"windows": {"month": month}})
    bring_up_to_date(writer)
    assert windows(writer) == packaged | {"month": ("baseline", 20, 40)}
    last = writer.snapshots()[-1]
    bring_up_to_date(writer)
    assert writer.snapshots()[-1] == last
    # one that the file no longer names is gone
    writer.study = writer.study.model_copy(update={"windows": {}})
    bring_up_to_date(writer)
    assert windows(writer) == packaged


@pytest.mark.usefixtures("two_versions")
def test_the_newest_version_is_meant_unless_another_is_pinned(writer: Warehouse) -> None:
    first = columns(writer, "mart.gene_status")
    bring_up_to_date(writer)
    assert columns(writer, "mart.gene_status") == ["patient_id", "meaning"]
    assert columns(writer, "mart_versions.gene_status_v1") == first

    writer.study = writer.study.model_copy(update={"view_versions": {"gene_status": 1}})
    bring_up_to_date(writer)
    assert columns(writer, "mart.gene_status") == first
    assert columns(writer, "mart_versions.gene_status_v2") == ["patient_id", "meaning"]
    published = {(v.schema, v.name): v.select for v in views_to_publish(writer.study)}
    pinned = published["mart", "gene_status"]
    assert pinned == published["mart_versions", "gene_status_v1"]


@pytest.mark.usefixtures("two_versions")
def test_a_pin_in_the_file_is_followed_at_the_next_opening(study: Layout) -> None:
    said = yaml.safe_load(study.study.read_text(encoding="utf-8"))
    said["view_versions"] = {"gene_status": 1}
    study.study.write_text(yaml.safe_dump(said), encoding="utf-8")
    with open_warehouse(study.root, read_only=False) as warehouse:
        assert "meaning" not in columns(warehouse, "mart.gene_status")
        assert "meaning" in columns(warehouse, "mart_versions.gene_status_v2")
        # what was known before is read by the views of its time
        query = "FROM duckdb_views() WHERE database_name = 'lake' AND view_name LIKE 'gene_status%'"
        assert len(list(warehouse.rows(query))) == 3
    with open_warehouse(study.root, at=1) as warehouse:
        assert len(list(warehouse.rows(query))) == 2


@pytest.mark.parametrize("pins", [{"gene_status": 9}, {"gene_statsu": 1}])
def test_a_pin_on_nothing_is_refused_and_changes_nothing(
    writer: Warehouse, pins: dict[str, int]
) -> None:
    before = writer.snapshots()
    writer.study = writer.study.model_copy(update={"view_versions": pins})
    with pytest.raises(FileError, match=f"pins view '{next(iter(pins))}'") as refused:
        bring_up_to_date(writer)
    assert refused.value.cure
    assert writer.snapshots() == before


def test_a_view_that_does_not_bind_is_not_deployed(
    writer: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = GENE_STATUS_2.replace("patient_id", "no_such_column")
    broken = Registry([*registry().views, View("mart", "gene_status", 2, text)])
    monkeypatch.setattr(migrate, "registry", lambda: broken)
    before, found = writer.snapshots(), views(writer)
    with pytest.raises(duckdb.BinderException, match="no_such_column"):
        bring_up_to_date(writer)
    assert (writer.snapshots(), views(writer)) == (before, found)
    monkeypatch.undo()


def test_a_new_migration_is_applied_in_one_commit(
    study: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "CREATE TABLE ops.added (i INTEGER);\nALTER TABLE study.patient ADD COLUMN added INT;\n"
    added = Migration("0002_added", text)
    known_migrations(monkeypatch, *migrations(), added)
    with pytest.raises(WarehouseError, match="lacks 0002_added"):
        open_warehouse(study.root, read_only=False)
    upgrade(study.root)
    with open_warehouse(study.root, read_only=False) as warehouse:
        assert columns(warehouse, "ops.added") == ["i"]
        assert columns(warehouse, "study.patient")[-1] == "added"
        assert warehouse.snapshots()[-1].message == "bring up to date: 0002_added"
        assert warehouse.snapshot_id == 4
        query = "SELECT sha256 FROM ops.migration WHERE migration = '0002_added'"
        assert list(warehouse.rows(query)) == [(added.sha256,)]


def test_a_migration_that_fails_leaves_the_warehouse_as_it_was(
    writer: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = writer.snapshots()
    text = "CREATE TABLE ops.added (i INTEGER);\nDROP TABLE ops.no_such_table;\n"
    known_migrations(monkeypatch, *migrations(), Migration("0002_added", text))
    with pytest.raises(duckdb.CatalogException, match="no_such_table"):
        bring_up_to_date(writer)
    monkeypatch.undo()
    assert writer.snapshots() == before
    with pytest.raises(duckdb.CatalogException):
        columns(writer, "ops.added")


@pytest.mark.parametrize("read_only", [True, False])
def test_a_warehouse_of_a_newer_version_is_refused(
    study: Layout, monkeypatch: pytest.MonkeyPatch, read_only: bool
) -> None:
    known_migrations(monkeypatch)  # an older version, which does not know the migration yet
    name = migrations()[-1].name
    with pytest.raises(WarehouseError, match=f"by a newer roentgene .*{name}") as refused:
        open_warehouse(study.root, read_only=read_only)
    assert (refused.value.cure, refused.value.exit_code) == ("Upgrade roentgene", 3)
    # the lock was let go
    with writer_lock(study.writer_lock, 0):
        pass


def test_a_migration_that_is_not_the_one_that_made_it_is_refused(
    writer: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = migrations()[0]
    known_migrations(monkeypatch, Migration(first.name, first.text + "-- edited\n"))
    with pytest.raises(WarehouseError, match=f"{first.name} is not the one that made this"):
        bring_up_to_date(writer)
    monkeypatch.undo()


def test_a_catalogue_of_somebody_else_is_refused(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "theirs")
    layout.data.mkdir(parents=True)
    layout.study.write_text("name: theirs\n", encoding="utf-8")
    with connect(layout) as con:
        attach(con, layout, read_only=False)
        con.execute("CREATE SCHEMA theirs")
        con.execute("CREATE TABLE theirs.row AS SELECT 1 AS one")
    with pytest.raises(WarehouseError, match="was not made by roentgene") as refused:
        open_warehouse(layout.root)
    assert "roentgene init" in refused.value.cure
