"""Macros in the lake and in the analyst's file, whatever these are attached as."""

from __future__ import annotations

import duckdb
import pytest

from roentgene.queries import render, render_database
from roentgene.warehouse.analyst_file import renew
from roentgene.warehouse.layout import Layout
from roentgene.warehouse.opening import open_warehouse

CALLS = (
    "FROM mart.delta_between('a', 'b')",
    "FROM mart_versions.delta_between_v1('a', 'b')",
    "FROM mart.region_features('a', 'b', 'c', 'd')",
    "FROM mart.stable_features('inter_rater', 0.75)",
)


def test_macros_bind_in_the_lake_under_any_alias(study: Layout) -> None:
    with open_warehouse(study.root) as warehouse:
        for call in CALLS:
            assert list(warehouse.rows(call)) == []
        con = warehouse.connection.cursor()
        attach = render_database.attach_lake(
            study.catalogue, study.data, "elsewhere", read_only=True, snapshot=None
        )
        con.execute(attach)
        con.execute("USE elsewhere")
        for call in CALLS:
            assert con.execute(call).fetchall() == []


def test_macros_bind_in_the_analysts_file_under_any_name(study: Layout) -> None:
    with open_warehouse(study.root, read_only=False) as warehouse:
        renew(warehouse)
    moved = study.root / "published" / "renamed.duckdb"
    study.published.rename(moved)
    with duckdb.connect(str(moved), read_only=True) as con:
        for call in CALLS:
            assert con.execute(call).fetchall() == []
    with duckdb.connect() as con:
        con.execute(f"ATTACH {render.literal(str(moved))} AS elsewhere (READ_ONLY)")
        # what a macro reads is looked up in the database in use, as docs/views.md says
        with pytest.raises(duckdb.CatalogException):
            con.execute("FROM elsewhere.mart.delta_between('a', 'b')")
        con.execute("USE elsewhere")
        for call in CALLS:
            assert con.execute(call).fetchall() == []
        # views need no USE
        con.execute("USE memory")
        view = "FROM elsewhere.mart.delta_pair WHERE timepoint_id = 'b'"
        assert con.execute(view).fetchall() == []
