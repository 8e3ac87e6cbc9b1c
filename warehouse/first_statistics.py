"""A new lake whose empty tables can be asked quickly.

DuckLake 1.5.5 remembers the statistics of a table, but not that a table has none: it asks its
catalogue again for each column of each query, up to 0.1 s a table, which every view pays for every
empty table below it (https://github.com/duckdb/ducklake/pull/1313, mended after that version). A
table that ever held a row has statistics. So each table of a new lake gets one row and loses it,
and the snapshot in between expires before anybody could see it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from roentgene.queries import render
from roentgene.queries.query_file import query_text
from roentgene.schemas.tables import Table, tables
from roentgene.warehouse.store import Warehouse
from roentgene.warehouse.transaction import current_author

_NEUTRAL: dict[str, Any] = {
    "VARCHAR": "",
    "BOOLEAN": False,
    "INTEGER": 0,
    "BIGINT": 0,
    "DOUBLE": 0.0,
    "TIMESTAMP WITH TIME ZONE": datetime(1970, 1, 1, tzinfo=UTC),
}


def give_statistics(warehouse: Warehouse) -> None:
    """Let every empty table of a lake that is being made have statistics.

    A process that is killed meanwhile leaves rows behind, so the folder must not count as a
    warehouse before this has ended.

    Parameters
    ----------
    warehouse : Warehouse
        Open for writing, with all its tables.
    """
    filled = warehouse.filled_tables()
    rows = {name: _row(declared) for name, declared in tables().items() if name not in filled}
    with warehouse.transaction(current_author(), "statistics of new tables") as tx:
        for name, row in rows.items():
            tx.insert(name, row)
    seen_by_nobody = warehouse.snapshot_id
    with warehouse.transaction(current_author(), "new tables are empty") as tx:
        for name in rows:
            tx.execute_statement(render.delete_all(tables()[name]))
    con = warehouse.connection
    con.execute(query_text("warehouse/expire_snapshots"), {"versions": [seen_by_nobody]})
    con.execute(query_text("warehouse/remove_old_files"), {"older_than": datetime.now(UTC)})
    _remove_empty_folders(warehouse.layout.data)


def _remove_empty_folders(data: Path) -> None:
    for folder in sorted((path for path in data.rglob("*") if path.is_dir()), reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()


def _row(declared: Table) -> pa.Table:
    """Give a row with as few values as the table allows."""
    cells = {c.name: _NEUTRAL[c.type] for c in declared.columns if c.required}
    return pa.Table.from_pylist([cells], declared.arrow_schema)
