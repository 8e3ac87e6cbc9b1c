"""An open warehouse answers SQL through every door at one and the same snapshot."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pytest
import sqlalchemy as sa
from sqlalchemy.pool import QueuePool

from roentgene.schemas.errors import FileError
from roentgene.schemas.tables import tables
from roentgene.warehouse.layout import Layout
from roentgene.warehouse.opening import open_warehouse
from roentgene.warehouse.store import Warehouse

TITLES = "SELECT cohort_id, title FROM study.cohort WHERE title <> $title ORDER BY ALL"
TITLES_OF_SQLALCHEMY = sa.text(TITLES.replace("$title", ":title"))
# what somebody may have in a name and must not reach the SQL
QUOTED = "x'; DROP TABLE study.cohort; --"
BOUND = {"title": QUOTED}
EXPECTED = [("A", "Å"), ("B", "b")]


@pytest.fixture(scope="module")
def filled(
    made: Layout, tmp_path_factory: pytest.TempPathFactory, stage: Callable[..., pa.Table]
) -> Layout:
    """A warehouse with three cohorts."""
    layout = Layout(tmp_path_factory.mktemp("filled") / "study")
    shutil.copytree(made.root, layout.root)
    titles = {"A": "Å", "B": "b", "Q": QUOTED}
    rows = [{"cohort_id": cohort_id, "title": title} for cohort_id, title in titles.items()]
    with (
        open_warehouse(layout.root, read_only=False) as warehouse,
        warehouse.transaction("ann", "add all") as tx,
    ):
        tx.insert("study.cohort", stage("study.cohort", *rows))
    return layout


@pytest.fixture(scope="module")
def reader(filled: Layout) -> Iterator[Warehouse]:
    with open_warehouse(filled.root) as warehouse:
        yield warehouse


def test_sql_gives_a_polars_frame(reader: Warehouse) -> None:
    found = reader.sql(TITLES, BOUND).pl()
    assert isinstance(found, pl.DataFrame)
    assert found.columns == ["cohort_id", "title"]
    assert found.rows() == EXPECTED
    assert reader.sql("SELECT count(*) AS n FROM study.cohort").pl()["n"].to_list() == [3]


def test_sql_goes_on_as_a_relation(reader: Warehouse) -> None:
    narrowed = reader.sql("SELECT cohort_id FROM study.cohort").filter("cohort_id = 'A'")
    assert narrowed.to_arrow_table().to_pylist() == [{"cohort_id": "A"}]


def test_arrow_gives_a_table_and_rows_give_tuples(reader: Warehouse) -> None:
    found = reader.arrow(TITLES, BOUND)
    assert found.to_pydict() == {"cohort_id": ["A", "B"], "title": ["Å", "b"]}
    assert list(reader.rows(TITLES, BOUND)) == EXPECTED


def test_a_wrong_query_fails_when_it_is_asked_and_not_when_it_is_read(reader: Warehouse) -> None:
    for ask in (reader.sql, reader.arrow, reader.rows):
        with pytest.raises(duckdb.BinderException, match="wrong_name"):
            ask("SELECT wrong_name FROM study.cohort")


def test_sqlalchemy_reads_with_bound_parameters(reader: Warehouse) -> None:
    with reader.engine().connect() as connection:
        found = connection.execute(TITLES_OF_SQLALCHEMY, BOUND)
        assert [tuple(row) for row in found] == EXPECTED
        view = connection.execute(sa.text("SELECT count(*) FROM mart.coverage"))
        assert view.scalar_one() == 0


def test_sqlalchemy_knows_tables_and_columns(reader: Warehouse) -> None:
    cohort = sa.Table("cohort", sa.MetaData(), schema="study", autoload_with=reader.engine())
    assert {"cohort_id", "title", "license", "day_zero"} <= set(cohort.columns.keys())
    query = sa.select(cohort.c.title).where(cohort.c.cohort_id == "A")
    with reader.engine().connect() as connection:
        assert connection.execute(query).scalar_one() == "Å"


def test_sqlalchemy_still_reads_the_lake_from_a_connection_used_before(reader: Warehouse) -> None:
    engine = reader.engine()
    assert engine is reader.engine()
    for _ in range(2):
        with engine.connect() as connection:
            connection.execute(sa.text("SELECT count(*) FROM study.cohort"))
            connection.rollback()


def test_polars_reads_through_the_engine(reader: Warehouse) -> None:
    found = pl.read_database("SELECT cohort_id FROM study.cohort ORDER BY ALL", reader.engine())
    assert found["cohort_id"].to_list() == ["A", "B", "Q"]


def test_every_door_stays_at_the_snapshot_while_somebody_commits(
    filled: Layout, tmp_path: Path, stage: Callable[..., pa.Table]
) -> None:
    shutil.copytree(filled.root, tmp_path / "study")
    count = "SELECT count(*) FROM study.cohort"
    with open_warehouse(tmp_path / "study") as warehouse:
        engine = warehouse.engine()
        with (
            open_warehouse(tmp_path / "study", read_only=False) as writer,
            writer.transaction("cy", "add C") as tx,
        ):
            tx.insert("study.cohort", stage("study.cohort", {"cohort_id": "C"}))
        with engine.connect() as connection:
            assert connection.execute(sa.text(count)).scalar_one() == 3
        assert warehouse.sql(count).fetchall() == [(3,)]
        assert list(warehouse.rows(count)) == [(3,)]
        assert warehouse.snapshot_id == 4
    with open_warehouse(tmp_path / "study") as warehouse:
        assert list(warehouse.rows(count)) == [(4,)]
        assert warehouse.snapshot_id == 5
        assert warehouse.snapshots()[-1].message == "add C"


def test_a_reader_cannot_begin_a_transaction(reader: Warehouse) -> None:
    with pytest.raises(FileError, match="was opened to read, not to write") as refused:
        reader.transaction("ann", "try")
    assert refused.value.cure == "Open it with read_only=False"


def test_tables_are_known_to_be_filled_from_the_commit_on(
    study: Layout, stage: Callable[..., pa.Table]
) -> None:
    with open_warehouse(study.root, read_only=False) as warehouse:
        before = warehouse.filled_tables()
        with warehouse.transaction("ann", "add A") as tx:
            tx.insert("study.cohort", stage("study.cohort", {"cohort_id": "A"}))
        assert warehouse.filled_tables() - before == {"study.cohort"}
        holds = {name for name in tables() if warehouse.arrow(f"FROM {name} LIMIT 1").num_rows}
        assert warehouse.filled_tables() == holds


def test_a_writer_reads_what_it_has_just_committed(
    study: Layout, stage: Callable[..., pa.Table]
) -> None:
    with open_warehouse(study.root, read_only=False) as warehouse:
        assert warehouse.snapshot_id == 3
        with warehouse.transaction("ann", "add A") as tx:
            tx.insert("study.cohort", stage("study.cohort", {"cohort_id": "A"}))
        assert warehouse.snapshot_id == 4
        assert warehouse.sql("SELECT cohort_id FROM study.cohort").fetchall() == [("A",)]
        with warehouse.engine().connect() as connection:
            found = connection.execute(sa.text("SELECT cohort_id FROM study.cohort"))
            assert found.scalar_one() == "A"


def test_the_folder_is_told_and_nothing_answers_after_closing(made: Layout) -> None:
    with open_warehouse(made.root) as warehouse:
        assert warehouse.folder == made.root
        assert warehouse.study.name == "study"
        engine = warehouse.engine()
        with engine.connect():
            pass
        pool = engine.pool
        assert isinstance(pool, QueuePool)
        assert pool.checkedin() == 1
    # a pooled connection that outlived the warehouse would keep its files open
    assert isinstance(engine.pool, QueuePool)
    assert engine.pool.checkedin() == 0
    with pytest.raises(duckdb.ConnectionException):
        warehouse.rows("SELECT 1")
