"""Many rows go straight into a data file of the lake, and are rows like any others."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from roentgene.schemas.tables import table
from roentgene.warehouse import data_file
from roentgene.warehouse.data_file import is_worth_a_file
from roentgene.warehouse.layout import Layout
from roentgene.warehouse.opening import open_warehouse
from roentgene.warehouse.store import Warehouse

NAME = "genomic.expression"
COUNT = "SELECT count(*), count(value), min(hugo_symbol), max(hugo_symbol) FROM genomic.expression"


@pytest.fixture
def writer(made: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Warehouse]:
    monkeypatch.setattr(data_file, "MANY_ROWS", 100)
    shutil.copytree(made.root, tmp_path / "study")
    with open_warehouse(tmp_path / "study", read_only=False) as warehouse:
        yield warehouse


def values(n: int) -> pa.Table:
    words = {
        "cohort_id": ["A"] * n,
        "sample_id": [f"S{row % 10}" for row in range(n)],
        "hugo_symbol": [f"G{row // 10:03d}" for row in range(n)],
        "molecular_profile_id": ["rna"] * n,
        "unit": [None] * n,
        "value_scale": ["raw"] * n,
        "batch_id": ["b1"] * n,
    }
    columns = {
        name: pa.array(cells, pa.string()).dictionary_encode() for name, cells in words.items()
    }
    columns["value"] = pa.array([None if row % 7 == 0 else row / 3 for row in range(n)])
    return pa.table(columns)


def written(warehouse: Warehouse) -> list[Path]:
    return sorted((warehouse.layout.data / "genomic" / "expression").glob("written-*.parquet"))


def test_they_can_be_read_changed_and_moved(writer: Warehouse, tmp_path: Path) -> None:
    with writer.transaction("ann", "many rows") as tx:
        assert tx.insert(NAME, values(700)) == 700
    assert list(writer.rows(COUNT)) == [(700, 600, "G000", "G069")]
    assert len(written(writer)) == 1
    query = "SELECT value, unit FROM genomic.expression WHERE hugo_symbol = 'G003' ORDER BY value"
    assert next(writer.rows(query)) == (30 / 3, None)
    with writer.transaction("ann", "change") as tx:
        assert tx.replace(NAME, values(700)) == 0
        changed = values(30).set_column(7, "value", pa.array([5000.0] * 30))
        assert tx.replace(NAME, changed) == 30
    assert list(writer.rows(COUNT)) == [(700, 605, "G000", "G069")]
    writer.close()
    shutil.move(tmp_path / "study", tmp_path / "moved")
    with open_warehouse(tmp_path / "moved") as moved:
        assert list(moved.rows(COUNT)) == [(700, 605, "G000", "G069")]


def test_nothing_is_left_of_a_transaction_that_failed(writer: Warehouse) -> None:
    def fail() -> None:
        with writer.transaction("ann", "many rows") as tx:
            tx.insert(NAME, values(700))
            assert len(written(writer)) == 1
            msg = "on purpose"
            raise ValueError(msg)

    with pytest.raises(ValueError, match="on purpose"):
        fail()
    assert written(writer) == []
    assert next(writer.rows(COUNT))[0] == 0


def test_few_rows_and_sorted_tables_go_the_usual_way(writer: Warehouse) -> None:
    with writer.transaction("ann", "few rows") as tx:
        tx.insert(NAME, values(90))
    assert written(writer) == []
    rows = pa.table({"x": pa.array(range(2_000_000))})
    assert is_worth_a_file(table(NAME), rows)
    assert not is_worth_a_file(table("imaging.feature_value"), rows)
