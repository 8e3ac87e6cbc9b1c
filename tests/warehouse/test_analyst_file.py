"""The analyst's file answers as the lake does, and only what has changed is written anew."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import duckdb
import pytest

from roentgene.queries.registry import VERSIONS_SCHEMA, registry
from roentgene.schemas.study import Study
from roentgene.schemas.tables import tables
from roentgene.warehouse import published_state, publishing
from roentgene.warehouse.analyst_file import is_current, renew
from roentgene.warehouse.layout import Layout
from roentgene.warehouse.opening import create_warehouse, open_warehouse
from roentgene.warehouse.store import Warehouse
from roentgene.warehouse.table_states import table_states

Answer = Counter[tuple[str, ...]]

_OLD_DUCKDB = "ROENTGENE_TEST_OLD_DUCKDB"
_OLDEST = ("1.0.0", "1.1.3", "1.2.2", "1.3.2", "1.4.4")
_SECONDS = 300
_SOME = (
    *("study.patient", "genomic.expression", "vocab.marker", "clinical.dictionary", "vocab.gene"),
    *("imaging.feature_value", "imaging.radiomic_feature", "mart.gene_status", "mart.coverage"),
)


@pytest.fixture(scope="module")
def full(
    tmp_path_factory: pytest.TempPathFactory, fill_every_table: Callable[[Warehouse], None]
) -> Layout:
    """A published warehouse with rows in every table; nobody writes to it."""
    layout = create_warehouse(tmp_path_factory.mktemp("full") / "study", Study(name="study"))
    with open_warehouse(layout.root, read_only=False) as warehouse:
        fill_every_table(warehouse)
        renew(warehouse)
    return layout


@pytest.fixture
def writer(full: Layout, tmp_path: Path) -> Iterator[Warehouse]:
    """A copy of it, published, open for writing."""
    shutil.copytree(full.root, tmp_path / "study")
    with open_warehouse(tmp_path / "study", read_only=False) as warehouse:
        renew(warehouse)
        yield warehouse


@pytest.fixture
def copied(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the tables whose rows are copied from the lake."""
    found: list[str] = []

    def noting(original: Callable[..., object]) -> Callable[..., object]:
        def copy(*arguments: object) -> object:
            found.append(arguments[-1].full_name)  # type: ignore[attr-defined]
            return original(*arguments)

        return copy

    monkeypatch.setattr(publishing.render, "copy_table", noting(publishing.render.copy_table))
    monkeypatch.setattr(publishing, "copy_coded", noting(publishing.copy_coded))
    return found


def multiset(con: duckdb.DuckDBPyConnection, name: str) -> Answer:
    """Rows of a view as text, whatever their order; of numbers the digits that a sum is sure of."""
    columns = con.execute(f"DESCRIBE {name}").fetchall()
    cells = [
        f'round("{column[0]}", 9)' if column[1] == "DOUBLE" else f'"{column[0]}"'
        for column in columns
    ]
    rows = con.execute(f"SELECT {', '.join(cells)} FROM {name}").fetchall()
    return Counter(tuple(map(repr, row)) for row in rows)


def names_of_views() -> list[str]:
    numbered = [f"{VERSIONS_SCHEMA}.{view.versioned_name}" for view in registry().views]
    return numbered + [view.full_name for view in registry().pinned({})]


def same_everywhere(warehouse: Warehouse, names: Sequence[str]) -> Counter[str]:
    """Compare tables and views of the lake with those of the file; how many rows each has."""
    n_rows: Counter[str] = Counter()
    with duckdb.connect(str(warehouse.layout.published), read_only=True) as file:
        for name in names:
            in_lake = multiset(warehouse.connection, name)
            assert multiset(file, name) == in_lake, name
            n_rows[name] = in_lake.total()
            described = f"DESCRIBE {name}"
            types = [row[:2] for row in file.execute(described).fetchall()]
            assert types == [row[:2] for row in warehouse.connection.execute(described).fetchall()]
    return n_rows


def test_every_mart_of_the_lake_answers_the_same_on_the_file(full: Layout) -> None:
    with open_warehouse(full.root) as warehouse:
        n_rows = same_everywhere(warehouse, [*tables(), *names_of_views()])
    assert all(n_rows[name] for name in tables() if not name.startswith("study."))
    marts = [view.full_name for view in registry().pinned({})]
    answering = [name for name in marts if n_rows[name]]
    # a comparison of nothing with nothing would say nothing
    assert len(answering) > 0.6 * len(marts), sorted(set(marts) - set(answering))


def test_only_what_has_changed_is_written_anew(writer: Warehouse, copied: list[str]) -> None:
    renew(writer)
    assert copied == []
    same_everywhere(writer, _SOME)
    for number, change in enumerate(
        (
            "UPDATE study.patient SET site = 'elsewhere' WHERE patient_id = 'p1'",
            "DELETE FROM genomic.expression WHERE sample_id = 'a'",
            "UPDATE vocab.marker SET hugo_symbols = []",
            "DELETE FROM clinical.dictionary",
        )
    ):
        with writer.transaction("ann", f"change {number}") as transaction:
            transaction.execute_statement(change)
    renew(writer)
    # of a table without rows, nothing is copied
    changed = {"study.patient", "genomic.expression", "vocab.marker", "clinical.dictionary"}
    filled = set(table_states(writer))
    assert sorted(copied) == sorted(changed & filled)
    same_everywhere(writer, _SOME)
    assert is_current(writer)


def test_a_table_that_is_filled_again_takes_the_place_of_the_empty_one(
    writer: Warehouse, copied: list[str]
) -> None:
    for statement in ("DELETE FROM vocab.marker", "DELETE FROM genomic.expression"):
        with writer.transaction("ann", "all gone") as transaction:
            transaction.execute_statement(statement)
    renew(writer)
    same_everywhere(writer, _SOME)
    copied.clear()
    with writer.transaction("ann", "some come back") as transaction:
        transaction.execute_statement(
            "INSERT INTO genomic.expression BY NAME SELECT 'c' AS cohort_id, 's' AS sample_id,"
            " 'G' AS hugo_symbol, 'p' AS molecular_profile_id, 'raw' AS value_scale,"
            " 'b1' AS batch_id"
        )
    renew(writer)
    assert copied == ["genomic.expression"]
    same_everywhere(writer, _SOME)


def test_a_file_that_somebody_has_written_to_is_made_from_nothing(
    writer: Warehouse, copied: list[str]
) -> None:
    file = writer.layout.published
    file.chmod(0o644)
    with duckdb.connect(str(file)) as con:
        con.execute("UPDATE study.patient SET site = 'forged'")
    renew(writer)
    assert set(copied) == set(table_states(writer))
    same_everywhere(writer, _SOME)


def test_another_version_of_roentgene_writes_it_whole(
    writer: Warehouse, copied: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(published_state, "version", lambda _: "another")
    renew(writer)
    assert set(copied) == set(table_states(writer))


@pytest.mark.parametrize("told", ["", "[]", '{"file": [0, 0, 0], "tables": {}}'])
def test_a_state_that_does_not_fit_is_no_state(
    writer: Warehouse, copied: list[str], told: str
) -> None:
    published_state._place(writer.layout.published).write_text(told, encoding="utf-8")
    renew(writer)
    assert set(copied) == set(table_states(writer))


def test_where_most_would_be_dropped_nothing_is_kept(
    writer: Warehouse, copied: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for first, last in ((1000, 20000), (20000, 20001)):
        copied.clear()
        with writer.transaction("ann", "a table outgrows all others") as transaction:
            transaction.execute_statement(
                "INSERT INTO imaging.feature_value SELECT 'c', range, 1, 0.5, 'ok', NULL"
                f" FROM range({first}, {last})"
            )
        renew(writer)
        if first == 1000:  # the few rows that were there leave little room behind
            assert copied == ["imaging.feature_value"]
    assert set(copied) == set(table_states(writer))


def test_of_an_empty_file_the_tables_are_written_that_were_filled(
    tmp_path: Path, copied: list[str]
) -> None:
    layout = create_warehouse(tmp_path / "study", Study(name="study"))
    with open_warehouse(layout.root, read_only=False) as warehouse:
        renew(warehouse)
        copied.clear()
        with warehouse.transaction("ann", "a batch") as transaction:
            transaction.execute_statement(
                "INSERT INTO study.cohort (cohort_id, title, license, day_zero, batch_id)"
                " VALUES ('c', 'one', 'none', 'diagnosis', 'b')"
            )
        renew(warehouse)
        assert copied == ["study.cohort"]
        assert same_everywhere(warehouse, ["study.cohort", "mart.coverage"])["study.cohort"] == 1


def test_a_release_is_published_too(writer: Warehouse) -> None:
    with writer.transaction("ann", "release") as transaction:
        transaction.execute_statement("UPDATE ops.release SET superseded_by = 'idh@9.9.9'")
    assert not is_current(writer)
    renew(writer)
    assert is_current(writer)


_ASKING = """
import duckdb, hashlib, sys

def told(value):
    if isinstance(value, float):
        return f"{value:.9g}"  # the digits that a sum is sure of
    if isinstance(value, (list, tuple)):
        return [told(one) for one in value]
    if isinstance(value, dict):
        return [(name, told(one)) for name, one in value.items()]
    return repr(value)

con = duckdb.connect(sys.argv[1], read_only=True)
con.execute("SET enable_progress_bar = false")  # some print it where the answer is printed
for name in sys.argv[2:]:
    # to ask for the number of rows alone would compute none of the columns
    columns = con.execute(f"DESCRIBE {name}").fetchall()
    cells = [
        f'epoch_us("{column}")' if type == "TIMESTAMP WITH TIME ZONE" else f'"{column}"'
        for column, type, *_ in columns
    ]
    rows = con.execute(f"SELECT {', '.join(cells)} FROM {name}").fetchall()
    lines = sorted(str(told(row)) for row in rows)
    print(name, len(rows), hashlib.sha256("\\n".join(lines).encode()).hexdigest())
"""


@pytest.fixture(params=_OLDEST)
def old_python(request: pytest.FixtureRequest) -> str:
    """A Python with another DuckDB; ``$ROENTGENE_TEST_OLD_DUCKDB`` is a folder of environments."""
    folder = os.environ.get(_OLD_DUCKDB)
    if folder is None:
        pytest.skip(f"no other versions of DuckDB: set {_OLD_DUCKDB} to a folder of environments")
    python = Path(folder) / request.param / "bin" / "python"
    if not python.exists():
        pytest.skip(f"{_OLD_DUCKDB} holds no environment {request.param}")
    return str(python)


def _answers(python: str, file: Path) -> str:
    """What the DuckDB of an environment answers to every table and view of a file."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [python, "-c", _ASKING, str(file), *tables(), *names_of_views()],
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def answers_of_today(full: Layout) -> str:
    return _answers(sys.executable, full.published)


@pytest.mark.extras
def test_every_duckdb_since_1_0_answers_the_same(
    full: Layout, old_python: str, answers_of_today: str
) -> None:
    assert _answers(old_python, full.published) == answers_of_today
