"""The catalogue in PostgreSQL, asked for the files it lists."""

from __future__ import annotations

from roentgene.queries.query_file import query_text
from roentgene.warehouse.care.catalogue import ListedFile
from roentgene.warehouse.store import Warehouse


def listed_there(warehouse: Warehouse) -> list[ListedFile]:
    """Give the files that a catalogue lists for any of its snapshots."""
    rows = warehouse.rows(query_text("care/server_files"))
    return [ListedFile(path, table, size, n) for path, table, size, n in rows]


def scheduled_there(warehouse: Warehouse) -> frozenset[str]:
    """Give the places of the files that no snapshot needs any more and that are still there."""
    return frozenset(path for (path,) in warehouse.rows(query_text("care/server_scheduled_files")))
