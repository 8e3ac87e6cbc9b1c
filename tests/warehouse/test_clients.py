"""Clients of the lake: polars, Arrow, pandas, SQLAlchemy, and notebooks as docs/clients.md says."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import polars as pl
import pyarrow as pa
import pytest
import sqlalchemy as sa

from roentgene.queries.registry import registry
from roentgene.schemas.study import Study
from roentgene.schemas.tables import tables
from roentgene.warehouse.layout import Layout
from roentgene.warehouse.opening import create_warehouse, open_warehouse
from roentgene.warehouse.store import Warehouse

# together they have every type of column, and NULL in many
TABLES = ("imaging.measurement", "clinical.variable", "vocab.marker", "genomic.mutation")
ASKED = "SELECT status, count(*) AS n FROM mart.coverage WHERE cohort_id = :cohort GROUP BY status"


@pytest.fixture(scope="module")
def full(
    tmp_path_factory: pytest.TempPathFactory, fill_every_table: Callable[[Warehouse], None]
) -> Layout:
    """A warehouse with rows in every table; nobody writes to it."""
    layout = create_warehouse(tmp_path_factory.mktemp("clients") / "study", Study(name="study"))
    with open_warehouse(layout.root, read_only=False) as warehouse:
        fill_every_table(warehouse)
    return layout


@pytest.fixture
def lake(full: Layout) -> Iterator[Warehouse]:
    """It, open to read."""
    with open_warehouse(full.root) as warehouse:
        yield warehouse


# DuckDB calls pandas so where a column has a time zone
@pytest.mark.filterwarnings("ignore:The inplace keyword")
@pytest.mark.parametrize("name", TABLES)
def test_types_and_nulls_reach_arrow_polars_and_pandas(lake: Warehouse, name: str) -> None:
    declared = tables()[name].arrow_schema
    cells = ", ".join(f'count(*) - count("{column}")' for column in declared.names)
    missing = dict(zip(declared.names, next(lake.rows(f"SELECT {cells} FROM {name}")), strict=True))
    assert any(missing.values())
    assert not all(missing.values())
    arrow = lake.arrow(f"FROM {name}")
    assert {field.name: _kind(field) for field in arrow.schema} == {
        field.name: _kind(field) for field in declared
    }
    frame = lake.sql(f"FROM {name}").pl()
    expected = pl.DataFrame(declared.empty_table()).schema
    for column, kind in frame.schema.items():
        assert kind.base_type() is expected[column].base_type(), column
    assert frame.null_count().row(0, named=True) == missing
    assert lake.sql(f"FROM {name}").df().isna().sum().to_dict() == missing


def _kind(field: pa.Field) -> str:
    """Type of a column; how lists call their values, and which time zone is meant, is no matter."""
    return str(field.type).split(",", maxsplit=1)[0].replace("list<l:", "list<item:")


def test_sqlalchemy_reflects_tables_views_columns_and_types(lake: Warehouse) -> None:
    inspector = sa.inspect(lake.engine())
    stored = {name.split(".")[1] for name in tables() if name.startswith("imaging.")}
    assert stored <= set(inspector.get_table_names(schema="imaging"))
    marts = {view.name for view in registry().pinned({}) if view.full_name.startswith("mart.")}
    assert marts <= set(inspector.get_view_names(schema="mart"))
    columns = {
        column["name"]: column["type"]
        for column in inspector.get_columns("measurement", schema="imaging")
    }
    assert list(columns) == tables()["imaging.measurement"].arrow_schema.names
    for name, kind in {
        "cohort_id": sa.String,
        "current": sa.Boolean,
        "measurement_id": sa.Integer,
        "spacing_difference_mm": sa.Float,
        "ingested_at": sa.DateTime,
    }.items():
        assert isinstance(columns[name], kind), name
    coverage = sa.Table("coverage", sa.MetaData(), schema="mart", autoload_with=lake.engine())
    assert isinstance(coverage.c.expected.type, sa.Boolean)


def test_sqlalchemy_binds_values_and_keeps_null(lake: Warehouse) -> None:
    patient = sa.Table("patient", sa.MetaData(), schema="study", autoload_with=lake.engine())
    with lake.engine().connect() as connection:
        every = connection.execute(sa.select(sa.func.count()).select_from(patient)).scalar_one()
        unknown = sa.select(sa.func.count()).where(patient.c.sex.is_(None))
        (expected,) = next(lake.rows("SELECT count(*) FROM study.patient WHERE sex IS NULL"))
        assert connection.execute(unknown).scalar_one() == expected
        forged = sa.select(patient).where(patient.c.cohort_id == "A' OR '1'='1")
        assert every > 0
        assert connection.execute(forged).all() == []


@pytest.mark.extras
def test_jupysql_asks_the_lake_as_the_page_says(
    lake: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLOOMBER_STATS_ENABLED", "false")
    connections = pytest.importorskip("sql.connection", reason="JupySQL is not installed")
    shell_module = pytest.importorskip("IPython.core.interactiveshell")
    shell = shell_module.InteractiveShell.instance()
    shell.run_line_magic("load_ext", "sql")
    shell.push({"engine": lake.engine(), "cohort": "A"})
    shell.run_line_magic("config", 'SqlMagic.named_parameters = "enabled"')
    shell.run_line_magic("sql", "engine")
    answer = shell.run_line_magic("sql", ASKED)
    assert sorted(tuple(row) for row in answer) == _expected(lake)
    # else it closes them when Python ends, after the warehouse
    connections.ConnectionManager.close_all()


@pytest.mark.extras
def test_marimo_asks_the_lake_as_the_page_says(lake: Warehouse) -> None:
    marimo = pytest.importorskip("marimo")
    answer = marimo.sql(ASKED.replace(":cohort", "'A'"), engine=lake.engine(), output=False)
    assert sorted(pl.DataFrame(answer).rows()) == _expected(lake)


def _expected(lake: Warehouse) -> list[tuple[str, int]]:
    found = lake.rows(ASKED.replace(":cohort", "$cohort"), {"cohort": "A"})
    expected = sorted((str(status), int(n)) for status, n in found)
    assert expected
    return expected
