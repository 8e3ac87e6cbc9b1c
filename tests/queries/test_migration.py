"""The migrations give the tables that ``schemas/`` declares."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterator

import duckdb
import pytest

from roentgene.queries.migration import Migration, migrations, tables_ddl
from roentgene.queries.query_file import query_text
from roentgene.schemas.tables import Table, tables

FIRST = "8ea85e905897d227037ee12d09439753687d92cbda3409d6536aaf34c3d92f20"
TABLES = [pytest.param(declared, id=declared.full_name) for declared in tables().values()]
# only DuckLake knows these clauses
LAYOUT = (" SET PARTITIONED BY ", " SET SORTED BY ")
TYPES = "SELECT column_name, data_type, is_nullable FROM information_schema.columns "
COMMENTS = "SELECT comment FROM duckdb_tables() WHERE schema_name = $1 AND table_name = $2"


def statements() -> list[str]:
    return [statement for migration in migrations() for statement in migration.statements]


def alter(relation: str, clause: str, columns: tuple[str, ...]) -> str:
    quoted = ", ".join(f'"{column}"' for column in columns)
    return f"ALTER TABLE {relation}{clause}({quoted})"


@pytest.fixture(scope="module")
def migrated() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        for statement in statements():
            if not any(clause in statement for clause in LAYOUT):
                con.execute(statement)
        yield con


def test_migrations_are_numbered_without_a_gap() -> None:
    numbers = [int(migration.name.partition("_")[0]) for migration in migrations()]
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_first_migration_is_that_of_version_0_1_0() -> None:
    # it is in warehouses that are in use: what is new goes into a migration with the next number
    assert migrations()[0].sha256 == FIRST


def test_the_statements_of_a_new_migration_are_written_by_a_command() -> None:
    command = [sys.executable, "-m", "roentgene.queries.migration", "ops.event"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == tables_ddl(["ops.event"])
    (second,) = [one for one in migrations() if one.name == "0002_events"]
    assert second.text.partition("\n")[2] == done.stdout


def test_exactly_the_declared_tables_are_there(migrated: duckdb.DuckDBPyConnection) -> None:
    found = migrated.execute("SELECT schema_name || '.' || table_name FROM duckdb_tables()")
    assert {name for (name,) in found.fetchall()} == set(tables())


@pytest.mark.parametrize("declared", TABLES)
def test_columns_types_and_nullability_are_as_declared(
    migrated: duckdb.DuckDBPyConnection, declared: Table
) -> None:
    where = "WHERE table_schema = $1 AND table_name = $2 ORDER BY ordinal_position"
    found = migrated.execute(TYPES + where, [declared.schema, declared.name]).fetchall()
    assert found == [(c.name, c.type, "NO" if c.required else "YES") for c in declared.columns]


@pytest.mark.parametrize("declared", TABLES)
def test_words_of_the_declaration_are_in_the_catalogue(
    migrated: duckdb.DuckDBPyConnection, declared: Table
) -> None:
    (comment,) = migrated.execute(COMMENTS, [declared.schema, declared.name]).fetchone() or ("",)
    assert comment == f"One row is {declared.grain}."
    found = migrated.execute(
        "SELECT column_name, comment FROM duckdb_columns() "
        "WHERE schema_name = $1 AND table_name = $2",
        [declared.schema, declared.name],
    )
    comments = dict(found.fetchall())
    for column in declared.columns:
        assert comments[column.name].startswith(column.about)
        assert column.unit is None or comments[column.name].endswith(f"[{column.unit}]")


@pytest.mark.parametrize("declared", TABLES)
def test_partitions_and_sort_order_are_as_declared(declared: Table) -> None:
    relation = f'"{declared.schema}"."{declared.name}"'
    clauses = zip(LAYOUT, (declared.partitioned_by, declared.sorted_by), strict=True)
    expected = {alter(relation, clause, columns) for clause, columns in clauses if columns}
    found = {s for s in statements() if s.startswith(f"ALTER TABLE {relation} ")}
    assert found == expected


def test_every_schema_of_the_views_is_made(migrated: duckdb.DuckDBPyConnection) -> None:
    found = migrated.execute("SELECT schema_name FROM information_schema.schemata").fetchall()
    assert {"mart", "idc", "mart_versions"} <= {name for (name,) in found}


def test_batches_of_runs_that_are_there_get_numbers() -> None:
    """As a run numbers its own: the same for all runs of a name, and none twice."""
    runs = {"a": "sites", "b": "sites", "c": "other"}
    names = ("analysis_run_id", "cohort_id", "sequence", "region", "profile", "engine", "batch")
    with duckdb.connect() as con:
        for migration in migrations():
            if migration.name == "0004_harmonization_cells":
                for run_id, name in runs.items():
                    add_loosely(con, "ops.analysis_run", {"analysis_run_id": run_id, "name": name})
                    for batch in ("north", "south"):
                        cell = dict(
                            zip(names, (run_id, "C", "T1", "R", "p", "e", batch), strict=True)
                        )
                        add_loosely(con, "result.harmonization_batch", cell)
            for statement in migration.statements:
                if not any(clause in statement for clause in LAYOUT):
                    con.execute(statement)
        sql = "SELECT run_name, batch, cell_no FROM result.harmonization_cell ORDER BY cell_no"
        found = con.execute(sql).fetchall()
        assert found == [
            ("other", "north", 0),
            ("other", "south", 1),
            ("sites", "north", 2),
            ("sites", "south", 3),
        ]
        con.execute(query_text("analyses/number_harmonization_cells"), {"analysis_run_id": "a"})
        assert con.execute(sql).fetchall() == found


def add_loosely(con: duckdb.DuckDBPyConnection, relation: str, row: dict[str, str]) -> None:
    """Add a row of which nothing else is known; what is required gets a zero or a dash."""
    schema, name = relation.split(".")
    types = con.execute(TYPES + "WHERE table_schema = $1 AND table_name = $2", [schema, name])
    neutral = {"VARCHAR": "-", "BOOLEAN": True, "TIMESTAMP WITH TIME ZONE": "2026-01-01"}
    required = {c: neutral.get(t, 0) for c, t, nullable in types.fetchall() if nullable == "NO"}
    values = required | row
    places = ", ".join("?" for _ in values)
    con.execute(
        f"INSERT INTO {relation} ({', '.join(values)}) VALUES ({places})", list(values.values())
    )


def test_a_migration_knows_its_statements_and_hash() -> None:
    text = "-- why\nCREATE TABLE a (\n  b TEXT\n);\nCOMMENT ON TABLE a IS 'one; two';\n"
    migration = Migration("0009_a", text)
    first, second = migration.statements
    assert first == "-- why\nCREATE TABLE a (\n  b TEXT\n)"
    assert second == "COMMENT ON TABLE a IS 'one; two'"
    assert migration.sha256 == hashlib.sha256(text.encode()).hexdigest()
