"""What the tables of a warehouse hold, told in a word each."""

from __future__ import annotations

from roentgene.queries.query_file import query_text
from roentgene.warehouse.published_state import TableState
from roentgene.warehouse.store import Warehouse


def table_states(warehouse: Warehouse) -> dict[str, TableState]:
    """Tell one state of each table that holds anything from another."""
    found = warehouse.rows(query_text("warehouse/table_states"))
    return {name: TableState(state, n_rows) for name, state, n_rows in found}
