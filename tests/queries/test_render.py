"""Rendered SQL runs on DuckDB and does what it says, whatever the names are."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from roentgene.queries import render, render_database
from roentgene.schemas.tables import Column, Table, table

HOSTILE = [
    'quote"inside',
    'ends"',
    '"; DROP TABLE victim; --',
    "'); DROP TABLE victim; --",
    "select",
    "group",
    "two words",
    "Mixed Case",
    "a.b",
    "semi;colon",
    "-- comment",
    "/* open",
    "back\\slash",
    "größe",
    "100%",
    "$1",
    "new\nline",
]


def declared(
    *columns: Column, key: tuple[str, ...] = ("id",), sorted_by: tuple[str, ...] = ()
) -> Table:
    return Table("s", "t", "a thing", key, columns, "batch", sorted_by=sorted_by)


ID = Column("id", "BIGINT", "number", required=True)
PLAIN = declared(
    ID,
    Column("cohort_id", "VARCHAR", "population"),
    Column("value", "DOUBLE", "a value", unit="mm"),
    sorted_by=("value", "id"),
)


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE victim (alive INTEGER)")
        connection.execute("INSERT INTO victim VALUES (1)")
        yield connection
        # whatever a test was about, nothing broke out of its quotes
        assert connection.execute("SELECT alive FROM memory.main.victim").fetchall() == [(1,)]


def make(con: duckdb.DuckDBPyConnection, table: Table) -> None:
    con.execute(render.create_schema(table.schema))
    con.execute(render.create_table(table))


def fill(con: duckdb.DuckDBPyConnection, table: Table, *rows: tuple[Any, ...]) -> None:
    stage(con, table, *rows)
    con.execute(render.insert_rows(table, "staged_rows"))


def stage(con: duckdb.DuckDBPyConnection, table: Table, *rows: tuple[Any, ...]) -> None:
    names = [column.name for column in table.columns]
    records = [dict(zip(names, row, strict=True)) for row in rows]
    con.register("staged_rows", pa.Table.from_pylist(records, table.arrow_schema))


def everything(con: duckdb.DuckDBPyConnection, table: Table = PLAIN) -> list[tuple[Any, ...]]:
    return con.execute(render.select_view(table.schema, table.name) + " ORDER BY ALL").fetchall()


# --- names and literals


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_stays_one_name(con: duckdb.DuckDBPyConnection, name: str) -> None:
    con.execute(f"CREATE TABLE {render.identifier(name)} ({render.identifier(name)} INTEGER)")
    (found,) = con.execute(
        "SELECT column_name FROM duckdb_columns() WHERE table_name = $1", [name]
    ).fetchall()
    assert found == (name,)


def test_parts_of_a_name_are_quoted_apart() -> None:
    assert render.identifier("lake", "a.b", 'c"d') == '"lake"."a.b"."c""d"'


@pytest.mark.parametrize("value", [*HOSTILE, "", "''", "\\'", 0, -7, 2**62])
def test_a_literal_comes_back_as_it_was(con: duckdb.DuckDBPyConnection, value: str | int) -> None:
    assert con.execute(f"SELECT {render.literal(value)}").fetchall() == [(value,)]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_go_through_every_statement(
    con: duckdb.DuckDBPyConnection, name: str
) -> None:
    columns = (Column(name, "BIGINT", name, required=True, unit=name), Column("x", "DOUBLE", name))
    table = Table(name, name, name, (name,), columns, "batch", sorted_by=(name,))
    make(con, table)
    for statement in render.comments(table):
        con.execute(statement)
    for row in ((1, 0.5), (2, 1.5)):
        fill(con, table, row)
    stage(con, table, (2, 1.5), (3, 0.0))
    assert con.execute(render.unchanged_rows(table, "staged_rows", ())).fetchall() == [(2, 1.5)]
    con.execute(render.delete_keys(table, "staged_rows"))
    assert everything(con, table) == [(1, 0.5)]
    assert con.execute(render.repeated_keys(table, (name,), False)).fetchall() == []
    assert con.execute(render.orphans(table, {name: name}, table, False)).fetchall() == []
    con.execute(render.create_view(name, f"{name} view", render.select_view(name, name)))
    con.execute(render.comment_on_view(name, f"{name} view", name))
    found = con.execute("SELECT comment FROM duckdb_views() WHERE schema_name = $1", [name])
    assert found.fetchall() == [(name,)]
    found = con.execute("SELECT comment FROM duckdb_columns() WHERE table_name = $1", [name])
    assert found.fetchall() == [(f"{name} [{name}]",), (name,)]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_of_sources_and_catalogs(con: duckdb.DuckDBPyConnection, name: str) -> None:
    con.execute(f"ATTACH ':memory:' AS {render.identifier(name)}")
    make(con, PLAIN)
    fill(con, PLAIN, (1, "A", 0.5))
    con.execute(render.create_schema("s", name))
    con.execute(render.create_table(PLAIN, name))
    con.execute(render.copy_table("memory", name, PLAIN))
    con.register(name, pa.table({"id": [2], "cohort_id": ["B"], "value": [1.0]}))
    con.execute(render.insert_rows(PLAIN, name))
    assert everything(con) == [(1, "A", 0.5), (2, "B", 1.0)]
    con.execute(render.create_view("s", "v", "SELECT 1 AS one", catalog=name))
    con.execute(f"USE {render.identifier(name)}")
    assert con.execute(render.select_view("s", "v")).fetchall() == [(1,)]


# --- tables


def test_a_table_has_its_columns_types_and_guards(con: duckdb.DuckDBPyConnection) -> None:
    types = ("VARCHAR", "VARCHAR[]", "INTEGER", "BOOLEAN", "TIMESTAMP WITH TIME ZONE", "DOUBLE")
    table = declared(ID, *(Column(f"c{i}", kind, "c") for i, kind in enumerate(types)))
    make(con, table)
    found = con.execute("DESCRIBE s.t").fetchall()
    assert [row[:3] for row in found] == [
        ("id", "BIGINT", "NO"),
        *((f"c{i}", kind, "YES") for i, kind in enumerate(types)),
    ]
    with pytest.raises(duckdb.ConstraintException):
        con.execute("INSERT INTO s.t (c0) VALUES ('x')")


def test_a_schema_is_made_once_and_a_table_not_over_another(
    con: duckdb.DuckDBPyConnection,
) -> None:
    make(con, PLAIN)
    con.execute(render.create_schema("s"))
    with pytest.raises(duckdb.CatalogException):
        con.execute(render.create_table(PLAIN))


def test_layout_names_partitions_and_sort_order() -> None:
    table = Table("s", "t", "g", ("a",), (ID,), "batch", (), (), ('a"b',), ("c", "d"))
    assert render.lay_out_table(table) == [
        'ALTER TABLE "s"."t" SET PARTITIONED BY ("a""b")',
        'ALTER TABLE "s"."t" SET SORTED BY ("c", "d")',
    ]
    assert render.lay_out_table(declared(ID)) == []


def test_comments_carry_grain_words_and_units(con: duckdb.DuckDBPyConnection) -> None:
    make(con, PLAIN)
    for statement in render.comments(PLAIN):
        con.execute(statement)
    (table,) = con.execute("SELECT comment FROM duckdb_tables() WHERE table_name = 't'").fetchall()
    assert table == ("One row is a thing.",)
    found = con.execute("SELECT comment FROM duckdb_columns() WHERE table_name = 't'").fetchall()
    assert found == [("number",), ("population",), ("a value [mm]",)]


# --- rows


def test_rows_are_inserted_by_name_not_by_place(con: duckdb.DuckDBPyConnection) -> None:
    make(con, PLAIN)
    con.register(
        "other_order", pa.table({"value": [0.5], "extra": [9], "id": [1], "cohort_id": ["A"]})
    )
    con.execute(render.insert_rows(PLAIN, "other_order"))
    assert everything(con) == [(1, "A", 0.5)]


def test_rows_are_deleted_by_the_whole_key(con: duckdb.DuckDBPyConnection) -> None:
    table = declared(*PLAIN.columns, key=("id", "cohort_id"))
    make(con, table)
    fill(con, table, (1, "A", 0.1), (1, "B", 0.2), (1, None, 0.3), (2, "A", 0.4))
    # a key column that may be missing is missing on both sides; other columns do not count
    stage(con, table, (1, "A", 9.0), (1, None, None), (3, "A", 0.4))
    con.execute(render.delete_keys(table, "staged_rows"))
    assert everything(con, table) == [(1, "B", 0.2), (2, "A", 0.4)]


def test_unchanged_rows_are_equal_in_every_column_that_counts(
    con: duckdb.DuckDBPyConnection,
) -> None:
    make(con, PLAIN)
    fill(con, PLAIN, (1, "A", 0.5), (2, None, None), (3, "A", math.nan), (4, "A", 1.0))
    stage(con, PLAIN, (1, "A", 0.5), (2, None, None), (3, "A", None), (4, "B", 1.0), (5, "A", 1.0))

    def unchanged(*ignore: str) -> list[int]:
        sql = render.unchanged_rows(PLAIN, "staged_rows", ignore)
        return sorted(row[0] for row in con.execute(sql).fetchall())

    assert unchanged() == [1, 2]
    assert unchanged("cohort_id") == [1, 2, 4]
    assert unchanged("cohort_id", "value") == [1, 2, 3, 4]


# --- gates


def test_repeated_keys_are_counted_in_the_cohort_asked_for(con: duckdb.DuckDBPyConnection) -> None:
    make(con, PLAIN)
    rows = [(1, "A", 0.1), (1, "A", 0.2), (1, "B", 0.2), (2, "A", 0.1), (3, "B", 0.1)]
    fill(con, PLAIN, *rows, (3, "B", 0.1), (3, "B", 0.1), (4, None, 1.0), (4, None, 1.0))
    every = render.repeated_keys(PLAIN, ("id", "cohort_id"), False)
    assert sorted(con.execute(every).fetchall(), key=str) == [
        (1, "A", 2),
        (3, "B", 3),
        (4, None, 2),
    ]
    one = render.repeated_keys(PLAIN, ("id", "cohort_id"), True)
    assert con.execute(one, {"cohort_id": "B"}).fetchall() == [(3, "B", 3)]


def test_orphans_are_counted_by_the_key_they_lack(con: duckdb.DuckDBPyConnection) -> None:
    child = Table("s", "child", "g", ("n",), (Column("n", "BIGINT", "n"), *PLAIN.columns), "batch")
    make(con, PLAIN)
    make(con, child)
    fill(con, PLAIN, (1, "A", 0.1), (1, "B", 0.1))
    rows = [(1, 1, "A"), (2, 1, "B"), (3, 2, "A"), (4, 2, "A"), (5, 9, "B"), (6, 1, None)]
    fill(con, child, *((*row, 0.0) for row in rows))
    reference = {"id": "id", "cohort_id": "cohort_id"}
    every = render.orphans(child, reference, PLAIN, False)
    # a reference that is missing in part points nowhere and is no orphan
    assert sorted(con.execute(every).fetchall()) == [(2, "A", 2), (9, "B", 1)]
    one = render.orphans(child, reference, PLAIN, True)
    assert con.execute(one, {"cohort_id": "B"}).fetchall() == [(9, "B", 1)]


def test_orphans_know_columns_of_other_names(con: duckdb.DuckDBPyConnection) -> None:
    child = Table("s", "child", "g", ("a",), (Column("a", "BIGINT", "a"),), "batch")
    make(con, PLAIN)
    make(con, child)
    fill(con, PLAIN, (1, "A", 0.1))
    fill(con, child, (1,), (2,))
    found = con.execute(render.orphans(child, {"a": "id"}, PLAIN, False)).fetchall()
    assert found == [(2, 1)]


# --- views


def test_a_view_keeps_its_text_and_is_replaced_where_asked(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(render.create_schema("s"))
    text = "SELECT 1 AS one -- why\n, 'it''s' AS words"
    sql = render.create_view("s", "v", text)
    assert sql.endswith(f" AS {text}")
    con.execute(sql)
    con.execute(render.create_view("s", "v", "SELECT 2 AS one"))
    assert con.execute(render.select_view("s", "v")).fetchall() == [(2,)]
    with pytest.raises(duckdb.CatalogException):
        con.execute(render.create_view("s", "v", "SELECT 3 AS one", replace=False))


# --- files


def test_a_copy_is_sorted_with_what_is_missing_last(con: duckdb.DuckDBPyConnection) -> None:
    make(con, PLAIN)
    fill(con, PLAIN, (3, "A", 2.0), (2, "A", None), (4, "A", 1.0), (1, "A", 1.0))
    con.execute("ATTACH ':memory:' AS copy_of_it")
    con.execute(render.create_schema("s", "copy_of_it"))
    con.execute(render.create_table(PLAIN, "copy_of_it"))
    con.execute(render.copy_table("memory", "copy_of_it", PLAIN))
    found = con.execute("SELECT id FROM copy_of_it.s.t ORDER BY rowid").fetchall()
    assert [number for (number,) in found] == [1, 4, 3, 2]


def test_a_native_file_is_attached_whatever_its_path_is_called(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    file = tmp_path / "o'clock\"; DROP TABLE victim; --.duckdb"
    alias = 'al"ias'
    con.execute(render_database.attach_native(file, alias))
    con.execute(render.create_schema("s", alias))
    con.execute(f"DETACH {render.identifier(alias)}")
    assert file.is_file()
    # the version of the storage stands at byte 12 of the header: 64 is that of DuckDB 1.0
    assert int.from_bytes(file.read_bytes()[12:20], "little") == 64


def test_a_lake_is_attached_with_our_data_path_and_never_to_write_in_the_past() -> None:
    place = {"catalogue": Path("it's/c.sqlite"), "data": Path("it's/data"), "alias": "la ke"}

    def attach(*, read_only: bool, snapshot: int | None) -> str:
        return render_database.attach_lake(**place, read_only=read_only, snapshot=snapshot)

    start = (
        "ATTACH 'ducklake:sqlite:it''s/c.sqlite' AS \"la ke\" "
        "(DATA_PATH 'it''s/data/', OVERRIDE_DATA_PATH true, META_BUSY_TIMEOUT 20000"
    )
    assert attach(read_only=False, snapshot=None) == f"{start})"
    assert attach(read_only=True, snapshot=None) == f"{start}, READ_ONLY)"
    assert attach(read_only=True, snapshot=3) == f"{start}, SNAPSHOT_VERSION 3, READ_ONLY)"
    with pytest.raises(ValueError, match="invalid literal"):
        attach(read_only=True, snapshot="3, READ_WRITE")  # type: ignore[arg-type]


def test_an_extension_is_loaded_by_its_quoted_path(con: duckdb.DuckDBPyConnection) -> None:
    sql = render_database.load_extension(Path("no'where/x.duckdb_extension"))
    assert sql == "LOAD 'no''where/x.duckdb_extension'"
    with pytest.raises(duckdb.IOException, match="no'where"):
        con.execute(sql)


@pytest.mark.parametrize("n_tables", [1, 3])
def test_rows_of_several_tables_are_counted_in_one_query(
    con: duckdb.DuckDBPyConnection, n_tables: int
) -> None:
    columns = (ID, Column("cohort_id", "VARCHAR", "population"))
    counted = [
        Table("s", name, "a thing", ("id",), columns, "batch") for name in ("t", *HOSTILE[:2])
    ][:n_tables]
    con.execute("CREATE SCHEMA s")
    for n_rows, one in enumerate(counted, start=1):
        con.execute(render.create_table(one))
        for number in range(n_rows):
            con.execute(f"INSERT INTO {render.identifier('s', one.name)} VALUES ({number}, 'A')")
        con.execute(f"INSERT INTO {render.identifier('s', one.name)} VALUES (99, 'B')")
    expected = {one.full_name: number for number, one in enumerate(counted, start=1)}
    found = con.execute(render.row_counts(counted, cohort=True), {"cohort_id": "A"}).fetchall()
    assert dict(found) == expected
    found = con.execute(render.row_counts(counted, cohort=False)).fetchall()
    assert dict(found) == {name: number + 1 for name, number in expected.items()}


def test_every_row_of_a_table_is_deleted() -> None:
    assert render.delete_all(table("study.patient")) == 'DELETE FROM "study"."patient"'
