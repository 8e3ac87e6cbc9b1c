import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from roentgene.queries.migration import Migration, declared_ddl
from roentgene.schemas.errors import WarehouseError
from roentgene.schemas.tables import Table, table, tables
from roentgene.warehouse import publishing
from roentgene.warehouse.connection import LAKE, attach, connect
from roentgene.warehouse.layout import Layout
from roentgene.warehouse.publishing import View, publish
from roentgene.warehouse.transaction import Transaction

VIEWS = [
    View("mart_versions", "dose_v1", "SELECT dose_id, cohort_id FROM imaging.dose", "Every dose."),
    View("mart", "dose", "SELECT * FROM mart_versions.dose_v1"),
    View("imaging", "dose_count", "SELECT count(*) AS n FROM mart.dose"),
]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    """A lake with two rows in every table."""
    layout = Layout(tmp_path_factory.mktemp("lake") / "study")
    layout.data.mkdir(parents=True)
    with connect(layout) as con:
        attach(con, layout, read_only=False)
        con.execute("BEGIN")
        for statement in Migration("tables", declared_ddl()).statements:
            con.execute(statement)
        for declared in tables().values():
            Transaction(con).insert(declared.full_name, _rows(declared))
        con.execute("COMMIT")
    return layout


@pytest.fixture
def layout(original: Layout, tmp_path: Path) -> Layout:
    shutil.copytree(original.root, tmp_path / "study")
    return Layout(tmp_path / "study")


@pytest.fixture
def con(layout: Layout) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(layout) as con:
        attach(con, layout, read_only=False)
        yield con


@pytest.fixture
def few_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    few = {name: table(name) for name in ("study.cohort", "imaging.feature_value", "imaging.dose")}
    monkeypatch.setattr(publishing, "tables", lambda: few)


def _rows(declared: Table) -> pa.Table:
    values: dict[str, list[object]] = {
        "VARCHAR": ["ä", "b"],
        "VARCHAR[]": [["a"], ["a", "b"]],
        "BIGINT": [2**40, 1],
        "INTEGER": [2, 1],
        "DOUBLE": [0.1, 1e300],
        "BOOLEAN": [True, False],
        "TIMESTAMP WITH TIME ZONE": [datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2)],
    }
    columns = {
        c.name: values[c.type] if c.required else [values[c.type][0], None]
        for c in declared.columns
    }
    return pa.table(columns, declared.arrow_schema)


def _open(file: Path) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(file), read_only=True)


def test_every_table_is_copied_with_its_columns(
    con: duckdb.DuckDBPyConnection, layout: Layout
) -> None:
    publish(con, LAKE, layout.published, VIEWS, tables())
    with _open(layout.published) as copy:
        for declared in tables().values():
            got = copy.execute(f"FROM {declared.full_name} ORDER BY ALL").to_arrow_table()
            kept = con.execute(f"FROM {declared.full_name} ORDER BY ALL").to_arrow_table()
            assert got.num_rows == 2
            assert got.equals(kept), declared.full_name


def test_tables_that_hold_nothing_are_made_and_not_read(
    con: duckdb.DuckDBPyConnection, layout: Layout
) -> None:
    publish(con, LAKE, layout.published, VIEWS, ["study.cohort"])
    with _open(layout.published) as copy:
        counts = [copy.table(name).count("*").fetchall()[0][0] for name in tables()]
    assert dict(zip(tables(), counts, strict=True)) == {
        name: 2 if name == "study.cohort" else 0 for name in tables()
    }


def test_views_comments_and_constraints_stand_in_the_file(
    con: duckdb.DuckDBPyConnection, layout: Layout
) -> None:
    publish(con, LAKE, layout.published, VIEWS, tables())
    with _open(layout.published) as copy:
        assert copy.execute("FROM imaging.dose_count").fetchall() == [(2,)]
        comments = copy.execute(
            "SELECT view_name, comment FROM duckdb_views()"
            " WHERE view_name IN ('dose_v1', 'genotype')"
            " UNION ALL SELECT table_name, comment FROM duckdb_tables() WHERE table_name = 'cohort'"
        ).fetchall()
        assert sorted(comments) == [
            ("cohort", "One row is a population."),
            ("dose_v1", "Every dose."),
            ("genotype", f"One row is {table('genomic.genotype').grain}."),
        ]
        nullable = copy.execute(
            "SELECT is_nullable FROM duckdb_columns() WHERE column_name = 'measurement_id'"
            " AND table_name = 'feature_value'"
        ).fetchall()
        assert nullable == [(False,)]


@pytest.mark.usefixtures("few_tables")
def test_the_file_opens_under_any_alias_and_without_extensions(
    con: duckdb.DuckDBPyConnection, layout: Layout
) -> None:
    publish(con, LAKE, layout.published, VIEWS, tables())
    with duckdb.connect(config={"autoload_known_extensions": "false"}) as other:
        other.execute(f"ATTACH '{layout.published}' AS elsewhere (READ_ONLY)")
        assert other.execute("FROM elsewhere.imaging.dose_count").fetchall() == [(2,)]
        (tags,) = other.execute(
            "SELECT tags FROM duckdb_databases() WHERE database_name = 'elsewhere'"
        ).fetchone() or ({},)
        assert tags == {"storage_version": "v1.0.0+"}


@pytest.mark.usefixtures("few_tables")
def test_features_lie_in_their_sort_order(con: duckdb.DuckDBPyConnection, layout: Layout) -> None:
    con.execute(
        "INSERT INTO imaging.feature_value"
        " SELECT 'C', (range * 7919) % 1000, (range * 31) % 300, random(), 'ok', NULL"
        " FROM range(300000)"
    )
    publish(con, LAKE, layout.published, [], tables())
    by = table("imaging.feature_value").sorted_by
    with _open(layout.published) as copy:
        stored = copy.table("imaging.feature_value").project(", ".join(by)).fetchall()
    assert len(stored) == 300_002
    assert stored == sorted(stored)


@pytest.mark.usefixtures("few_tables")
def test_who_reads_the_former_file_is_undisturbed(
    con: duckdb.DuckDBPyConnection, layout: Layout
) -> None:
    publish(con, LAKE, layout.published, VIEWS, tables())
    reading = (
        "import duckdb, sys; con = duckdb.connect(sys.argv[1], read_only=True);"
        "print('open', flush=True); sys.stdin.readline();"
        "print(con.execute('FROM imaging.dose_count').fetchall())"
    )
    reader = subprocess.Popen(
        [sys.executable, "-c", reading, str(layout.published)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert reader.stdout and reader.stdout.readline() == "open\n"
    con.execute("DELETE FROM imaging.dose")
    publish(con, LAKE, layout.published, VIEWS, tables())
    assert reader.communicate("\n")[0] == "[(2,)]\n"
    with _open(layout.published) as copy:
        assert copy.execute("FROM imaging.dose_count").fetchall() == [(0,)]


@pytest.mark.usefixtures("few_tables")
def test_all_tables_are_of_one_snapshot(
    con: duckdb.DuckDBPyConnection, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements = publishing._changes

    def marked(*given: Any) -> Iterator[str]:
        yield "CREATE TABLE at_begin AS SELECT txid_current()"
        yield from statements(*given)
        yield "CREATE TABLE at_end AS SELECT txid_current()"

    # one transaction reads one snapshot
    monkeypatch.setattr(publishing, "_changes", marked)
    publish(con, LAKE, layout.published, [], tables())
    with _open(layout.published) as copy:
        assert copy.execute("FROM at_begin").fetchall() == copy.execute("FROM at_end").fetchall()


@pytest.mark.usefixtures("few_tables")
def test_the_callers_connection_is_left_as_it_was(
    con: duckdb.DuckDBPyConnection, layout: Layout
) -> None:
    state = (
        "SELECT current_database(), current_setting('disabled_optimizers'),"
        " list(database_name ORDER BY 1) FROM duckdb_databases()"
    )
    before = con.execute(state).fetchall()
    con.execute("BEGIN")
    con.execute("DELETE FROM imaging.dose")
    publish(con, LAKE, layout.published, VIEWS, tables())
    con.execute("ROLLBACK")
    assert con.execute(state).fetchall() == before
    with _open(layout.published) as copy:  # what is not committed is not published
        assert copy.execute("FROM imaging.dose_count").fetchall() == [(2,)]


@pytest.mark.usefixtures("few_tables")
def test_a_failure_leaves_the_former_file_and_nothing_else(
    con: duckdb.DuckDBPyConnection, layout: Layout
) -> None:
    publish(con, LAKE, layout.published, VIEWS, tables())
    former = layout.published.read_bytes()
    broken = [*VIEWS, View("mart", "broken", "SELECT 1 FROM study.nowhere")]
    with pytest.raises(WarehouseError, match="not renewed"):
        publish(con, LAKE, layout.published, broken, tables())
    assert layout.published.read_bytes() == former
    assert [path.name for path in layout.published.parent.iterdir()] == ["analyst.duckdb"]
    publish(con, LAKE, layout.published, VIEWS, tables())


@pytest.mark.usefixtures("few_tables")
def test_what_a_killed_publisher_left_is_removed(
    con: duckdb.DuckDBPyConnection, layout: Layout
) -> None:
    killed = """
import os, sys
from pathlib import Path
from roentgene.warehouse import publishing
from roentgene.warehouse.connection import LAKE, attach, connect
from roentgene.warehouse.layout import Layout
layout = Layout(Path(sys.argv[1]))
con = connect(layout)
attach(con, layout, read_only=True)
publishing.render.copy_table = lambda *_: os._exit(9)
publishing.publish(con, LAKE, layout.published, [], ['study.cohort'])
"""
    done = subprocess.run(
        [sys.executable, "-c", killed, str(layout.root)],
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    folder = layout.published.parent
    assert done.returncode == 9
    assert list(folder.iterdir())
    assert not layout.published.exists()
    publish(con, LAKE, layout.published, [], tables())
    assert [path.name for path in folder.iterdir()] == ["analyst.duckdb"]


@pytest.mark.usefixtures("few_tables")
def test_nobody_locks_others_out_or_leaves_a_log_that_breaks_the_next_file(
    con: duckdb.DuckDBPyConnection, layout: Layout
) -> None:
    publish(con, LAKE, layout.published, VIEWS, tables())
    assert layout.published.stat().st_mode & 0o222 == 0
    layout.published.chmod(0o644)
    stubborn = (
        "import duckdb, os, sys; con = duckdb.connect(sys.argv[1]);"
        "con.execute('DROP VIEW imaging.dose_count; ALTER TABLE imaging.dose RENAME TO d');"
        "os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", stubborn, str(layout.published)], check=True)
    assert layout.published.with_name("analyst.duckdb.wal").exists()
    publish(con, LAKE, layout.published, VIEWS, tables())
    with _open(layout.published) as copy:
        assert copy.execute("FROM imaging.dose_count").fetchall() == [(2,)]
