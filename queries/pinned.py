"""Queries that read views by their plain names, brought to numbered versions of them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import sqlglot
from sqlglot import exp

from roentgene.queries.query_file import query_text
from roentgene.queries.registry import VERSIONS_SCHEMA, View, registry


def views_read(names: tuple[str, ...], pins: Mapping[str, int]) -> dict[str, View]:
    """Versions of the views that queries of ``queries/`` read, by full name.

    Parameters
    ----------
    names : tuple of str
        Queries, as :func:`roentgene.queries.registry.query_text` takes them.
    pins : mapping of str to int
        Versions by name of view; others get their newest.

    Raises
    ------
    FileError
        If a pin names a view or version that does not exist.
    """
    pinned = {view.full_name: view for view in registry().pinned(pins)}
    read = {name for query in names for name in _tables(query) if name in pinned}
    return {name: pinned[name] for name in sorted(read)}


def pinned_text(name: str, views: Mapping[str, View]) -> str:
    """Text of a query in which each view is the numbered version that is given for its name."""
    statement = sqlglot.parse_one(query_text(name), dialect="duckdb")
    for table in statement.find_all(exp.Table):
        view = views.get(_full_name(table))
        if view is not None:
            table.set("db", exp.to_identifier(VERSIONS_SCHEMA))
            table.set("this", exp.to_identifier(view.versioned_name))
    return statement.sql(dialect="duckdb")


@cache
def _tables(query: str) -> frozenset[str]:
    statement = sqlglot.parse_one(query_text(query), dialect="duckdb")
    return frozenset(_full_name(table) for table in statement.find_all(exp.Table))


def _full_name(table: exp.Table) -> str:
    return f"{table.db}.{table.name}" if table.db else table.name
