from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pydantic import TypeAdapter

from roentgene.ingest.tables import StagedTables, TableContext, stage_table
from roentgene.schemas.cohort import Cohort
from roentgene.schemas.cohort_tables import TableDeclaration
from roentgene.schemas.tables import table

AT_COMMIT = {"batch_id", "measurement_id", "feature_id", "ingested_at", "current"}
TIMEPOINTS = {"baseline": {"order": 0, "day": 0}, "followup": {"order": 1}}

Stage = Callable[..., StagedTables]


def cohort_with(*declarations: Mapping[str, Any]) -> Cohort:
    return Cohort.model_validate(
        {
            "cohort_id": "C1",
            "title": "a cohort",
            "license": "CC0",
            "day_zero": "diagnosis",
            "timepoints": TIMEPOINTS,
            "tables": declarations,
        }
    )


def check_form(staged: StagedTables) -> None:
    """What holds of everything staged: the declared columns and types, and unique keys."""
    for name, rows in staged.rows.items():
        declared = {c.name: c for c in table(name).columns if c.name not in AT_COMMIT}
        assert set(declared) <= set(rows.columns), name
        assert rows.columns[-2:] == ["source_file", "source_row"], name
        arrow = rows.to_arrow().schema
        for column in declared.values():
            given = arrow.field(column.name).type
            # tables of many rows hold their texts as categories
            given = given.value_type if "dictionary" in str(given) else given
            kind = str(given).replace("large_", "").replace("_view", "")
            assert kind == str(column.arrow_type), (name, column.name)
            values = rows[column.name]
            assert not (column.required and values.null_count()), (name, column.name)
            assert not column.values or set(values.drop_nulls()) <= set(column.values), name
            if values.dtype == pl.Float64:
                assert values.is_nan().sum() == 0
        key = [column for column in table(name).key if column not in AT_COMMIT]
        if name == "imaging.feature_value":
            key = ["segmentation_id", "series_id", "extraction_id", "feature"]
        assert not rows.select(pl.struct(key).is_duplicated()).to_series().any(), name


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """Write a table, stage it, and check what holds of everything staged."""

    def write_and_stage(
        content: str | bytes | Path,
        declared: Mapping[str, Any],
        *,
        known: tuple[str, ...] = (),
        samples: Mapping[str, str] | None = None,
        others: tuple[Mapping[str, Any], ...] = (),
        name: str = "table.csv",
        anchors: Mapping[str, date] | None = None,
    ) -> StagedTables:
        path = content if isinstance(content, Path) else tmp_path / name
        if not isinstance(content, Path):
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        declared = {"file": name, **declared}
        cohort = cohort_with(declared, *others)
        declaration: TableDeclaration = TypeAdapter(TableDeclaration).validate_python(declared)
        context = TableContext(
            cohort, frozenset(known), samples or {}, anchors=anchors or {}, folder=tmp_path
        )
        staged = stage_table(declaration, path, name, context)
        check_form(staged)
        return staged

    return write_and_stage


@pytest.fixture
def told() -> Callable[[StagedTables], list[tuple[str, int | None, str | None]]]:
    """Refusals as (code, line, column)."""
    return lambda staged: [(r.reason_code, r.row_number, r.column_name) for r in staged.refusals]
