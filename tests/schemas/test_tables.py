"""What every declaration of a stored table must hold to."""

from __future__ import annotations

from importlib.resources import files
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pytest
import yaml

from roentgene.schemas.tables import Table, table, tables
from roentgene.schemas.words import closed_list

TABLES = [pytest.param(declared, id=declared.full_name) for declared in tables().values()]
COLUMN_KEYS = {"type", "about", "required", "nullable", "unit", "values", "min", "max", "finite"}
TABLE_KEYS = {"grain", "key", "columns", "written_by", "unique", "references"}
TABLE_KEYS |= {"partitioned_by", "sorted_by", "coded"}
FILES = sorted(
    file.name for file in (files("roentgene.schemas") / "tables").iterdir() if file.name[0] != "_"
)


def names(declared: Table) -> list[str]:
    return [column.name for column in declared.columns]


def written(file_name: str) -> dict[str, Any]:
    text = (files("roentgene.schemas") / "tables" / file_name).read_text(encoding="utf-8")
    content: dict[str, Any] = yaml.safe_load(text)
    return content


@pytest.mark.parametrize("file_name", FILES)
def test_every_file_is_read_and_holds_known_keys_alone(file_name: str) -> None:
    content = written(file_name)
    assert set(content) == {"schema", "written_by", "tables"}
    assert file_name == f"{content['schema']}.yaml"
    for name, row in content["tables"].items():
        assert f"{content['schema']}.{name}" in tables()
        assert set(row) <= TABLE_KEYS, name
        for column, spec in row["columns"].items():
            assert set(spec) <= COLUMN_KEYS, f"{name}.{column}"


@pytest.mark.parametrize("declared", TABLES)
def test_every_table_and_column_is_documented(declared: Table) -> None:
    assert declared.grain.strip()
    assert [c.name for c in declared.columns if not (c.about or "").strip()] == []


@pytest.mark.parametrize("declared", TABLES)
def test_columns_are_named_once_in_snake_case(declared: Table) -> None:
    assert len(set(names(declared))) == len(declared.columns)
    assert [
        name for name in names(declared) if not name.isidentifier() or name.lower() != name
    ] == []


@pytest.mark.parametrize("declared", TABLES)
def test_keys_partitions_and_sort_orders_are_columns(declared: Table) -> None:
    used = [*declared.unique_keys(), declared.partitioned_by, declared.sorted_by]
    assert declared.key
    for columns in used:
        assert len(set(columns)) == len(columns)
        assert set(columns) <= set(names(declared))


@pytest.mark.parametrize("declared", TABLES)
def test_key_columns_are_required_unless_declared_nullable(declared: Table) -> None:
    spec = written(f"{declared.schema}.yaml")["tables"][declared.name]["columns"]
    nullable = {name for name, row in spec.items() if row.get("nullable")}
    for name in declared.key:
        assert declared.column(name).required is (name not in nullable)


@pytest.mark.parametrize("declared", TABLES)
def test_references_point_to_a_key_of_an_earlier_table(declared: Table) -> None:
    order = list(tables())
    for reference in declared.references:
        assert order.index(reference.table) < order.index(declared.full_name)
        target = table(reference.table)
        assert set(reference.columns) <= set(names(declared))
        assert set(reference.columns.values()) in [set(key) for key in target.unique_keys()]
        for child, parent in reference.columns.items():
            assert declared.column(child).type == target.column(parent).type


@pytest.mark.parametrize("declared", TABLES)
def test_a_column_has_words_or_limits(declared: Table) -> None:
    """The gate takes the least and the greatest number of a column with limits for all of it."""
    limited = [c for c in declared.columns if c.min is not None or c.max is not None]
    assert [column.name for column in limited if column.values] == []


@pytest.mark.parametrize("declared", TABLES)
def test_arrow_schema_says_types_and_nullability(declared: Table) -> None:
    schema = declared.arrow_schema
    assert schema.names == names(declared)
    for column in declared.columns:
        assert schema.field(column.name).type == column.arrow_type
        assert schema.field(column.name).nullable is not column.required


@pytest.mark.parametrize("declared", TABLES)
def test_closed_lists_resolve_to_words(declared: Table) -> None:
    spec = written(f"{declared.schema}.yaml")["tables"][declared.name]["columns"]
    for name, row in spec.items():
        wanted = row.get("values", [])
        words = tuple(closed_list(wanted) if isinstance(wanted, str) else wanted)
        assert declared.column(name).values == words
        assert len(set(words)) == len(words)
        # YAML reads a bare yes or no as a truth value
        assert all(isinstance(word, str) and word for word in words), name
        assert not words or declared.column(name).type == "VARCHAR"


@pytest.mark.parametrize("declared", TABLES)
def test_limits_stand_on_numbers_and_in_order(declared: Table) -> None:
    for column in declared.columns:
        limits = [limit for limit in (column.min, column.max) if limit is not None]
        assert all(low < high for low, high in pairwise(limits))
        if limits:
            assert column.type in {"DOUBLE", "BIGINT", "INTEGER"}, column.name
        if column.finite:
            assert column.type == "DOUBLE", column.name


@pytest.mark.parametrize("declared", TABLES)
def test_what_a_batch_writes_carries_its_batch(declared: Table) -> None:
    if declared.written_by == "batch":
        assert declared.column("batch_id").required


def test_no_column_holds_a_calendar_date() -> None:
    # days from day zero alone; moments at which the warehouse was written are no patient's dates
    dated = {
        f"{declared.full_name}.{column.name}"
        for declared in tables().values()
        for column in declared.columns
        if pa.types.is_temporal(column.arrow_type)
    }
    assert {name.split(".")[0] for name in dated} <= {"ops", "imaging", "result"}
    assert {name.rsplit("_", 1)[1] for name in dated} == {"at"}
