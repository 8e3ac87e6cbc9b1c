"""Lineage column by column: which columns below a view each of its columns is made of."""

from __future__ import annotations

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.lineage import Node, lineage
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import build_scope

from roentgene.queries.contract import promised
from roentgene.queries.registry import VERSIONS_SCHEMA, View, registry
from roentgene.schemas.tables import tables

_DIALECT = "duckdb"


def column_lineage(view: View) -> dict[str, list[str]] | None:
    """Find the columns of tables and numbered views that each column of a view is made of.

    What a column is filtered or joined by is not among them; :meth:`View.reads` has every table.

    Parameters
    ----------
    view : View
        A view that the contract knows.

    Returns
    -------
    dict of str to list of str, or None
        For each column the full names of those it is made of, none for a constant; ``None`` where
        its SQL is beyond what sqlglot can follow.
    """
    columns = promised().get(view.locked_name)
    if columns is None:
        return None
    try:
        schema = _schema()
        statement = qualify(
            sqlglot.parse_one(view.select, dialect=_DIALECT), schema=schema, dialect=_DIALECT
        )
        scope = build_scope(statement)
        return {
            name: sorted(
                _leaves(lineage(name, statement, schema=schema, dialect=_DIALECT, scope=scope))
            )
            for name in columns
        }
    except (SqlglotError, ValueError, KeyError, IndexError):
        # what it cannot follow it says by any of these; the tables are known all the same
        return None


def _leaves(node: Node) -> set[str]:
    found = set()
    for one in node.walk():
        if isinstance(one.expression, exp.Table):
            column = one.name.rpartition(".")[2].strip('"')
            found.add(f"{one.expression.db}.{one.expression.name}.{column}")
    return found


def _schema() -> dict[str, object]:
    schema: dict[str, dict[str, dict[str, str]]] = {VERSIONS_SCHEMA: {}}
    for table in tables().values():
        columns = {column.name: column.type for column in table.columns}
        schema.setdefault(table.schema, {})[table.name] = columns
    for view in registry().views:
        columns = dict(promised().get(view.locked_name, {}))
        schema[VERSIONS_SCHEMA][view.versioned_name] = columns
    return dict(schema)
