"""The empty tables of a new lake have statistics, and nobody can see how they came by them."""

from __future__ import annotations

from roentgene.schemas.tables import tables
from roentgene.warehouse.layout import Layout
from roentgene.warehouse.opening import open_warehouse
from roentgene.warehouse.store import Warehouse

WITH_STATISTICS = """
SELECT schemas.schema_name || '.' || tables.table_name
FROM __ducklake_metadata_lake.ducklake_table_stats
JOIN __ducklake_metadata_lake.ducklake_table AS tables USING (table_id)
JOIN __ducklake_metadata_lake.ducklake_schema AS schemas USING (schema_id)
"""
OF_THE_LAKE = {"ops.event", "ops.migration", "study.day_window", "study.setting"}


def n_rows(warehouse: Warehouse, name: str) -> int:
    return next(warehouse.rows(f"SELECT count(*) FROM {name}"))[0]


def test_every_table_has_statistics(made: Layout) -> None:
    with open_warehouse(made.root) as warehouse:
        assert {name for (name,) in warehouse.rows(WITH_STATISTICS)} == set(tables())


def test_nothing_is_left_of_the_rows_that_gave_them(made: Layout) -> None:
    with open_warehouse(made.root) as warehouse:
        assert {name for name in tables() if n_rows(warehouse, name)} <= OF_THE_LAKE
        assert warehouse.filled_tables() <= OF_THE_LAKE
        kept = [snapshot.snapshot_id for snapshot in warehouse.snapshots()]
    files = {
        path.parent.parent.name + "." + path.parent.name for path in made.data.rglob("*.parquet")
    }
    assert files <= OF_THE_LAKE
    assert {path.name for path in made.data.iterdir()} == {"ops", "study"}
    for at in kept:
        with open_warehouse(made.root, at=at) as warehouse:
            if at:
                assert n_rows(warehouse, "study.patient") == 0
