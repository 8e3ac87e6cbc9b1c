"""Rows of our own queries, for the pages that commands write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from roentgene.queries.query_file import query_text
from roentgene.warehouse.store import Warehouse


def read_rows(
    warehouse: Warehouse, query: str, parameters: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """Run a query of ``queries/`` and give its rows by column name.

    Not by way of Arrow, whose times become Python's by importing pandas, which takes a second.
    """
    bound = dict(parameters) if parameters else None
    cursor = warehouse.connection.execute(query_text(query), bound)
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
