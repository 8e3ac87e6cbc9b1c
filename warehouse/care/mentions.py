"""Texts that name a person outside of the rows that are theirs: paths, messages, specs, details."""

from __future__ import annotations

import pyarrow as pa

from roentgene.queries import render
from roentgene.schemas.tables import Table, tables
from roentgene.warehouse.care.names import ROWS_THAT_GO, Names, pattern_of_duckdb
from roentgene.warehouse.care.owned_rows import links_of
from roentgene.warehouse.store import Warehouse
from roentgene.warehouse.transaction import Transaction


def mentions(warehouse: Warehouse, names: Names) -> dict[str, pa.Table]:
    """Rows of others that name the person, by table; call it where the person is registered.

    Parameters
    ----------
    warehouse : Warehouse
        The warehouse.
    names : Names
        What the person is called.
    """
    filled = warehouse.filled_tables()
    found = {}
    for full_name, table in tables().items():
        columns = _texts(table)
        # in tables whose rows go, a short name is looked for too
        wanted = names.all if full_name in ROWS_THAT_GO else names.telling
        if full_name not in filled or not columns or not wanted:
            continue
        asked = {"pattern": pattern_of_duckdb(wanted)}
        statement = render.rows_mentioning(table, columns, links_of(table))
        rows = warehouse.arrow(statement, asked)
        if rows.num_rows:
            found[full_name] = rows
    return found


def take_out(tx: Transaction, full_name: str, rows: pa.Table, names: Names) -> None:
    """Delete the rows that would be about nobody, and write the others without the names."""
    declared = tables()[full_name]
    tx.delete(full_name, rows)
    kept = [
        {name: _cleaned(value, names) for name, value in row.items()}
        for row in rows.to_pylist()
        if not names.row_goes(full_name, row)
    ]
    tx.insert(full_name, pa.Table.from_pylist(kept, declared.arrow_schema))


def _cleaned(value: object, names: Names) -> object:
    return names.taken_out(value) if isinstance(value, str) else value


def _texts(table: Table) -> list[str]:
    """Columns of a table in which a person could be named beside its own links."""
    linked = {column for link in links_of(table) for column in link[1]} - {"cohort_id", "file_path"}
    return [
        column.name
        for column in table.columns
        if column.type == "VARCHAR" and not column.values and column.name not in linked
    ]
