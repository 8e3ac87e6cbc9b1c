"""SQL that copies a table whose texts repeat: each text once, and a number for it in every row.

A native file takes the texts of a column one by one, three seconds for twenty million. As an ENUM
they are numbers. A view of the table's name gives them back as text, so that nobody who asks it
sees a difference.
"""

from __future__ import annotations

from sqlglot import exp

from roentgene.queries.render import create_schema, create_view, identifier
from roentgene.schemas.tables import Column, Table

#: Schema of the copies; what people ask are the views over them.
CODED_SCHEMA = "coded"

_DIALECT = "duckdb"
_TEXT = "VARCHAR"


def copy_coded(source_catalog: str, target_catalog: str, table: Table) -> list[str]:
    """Statements that copy a table from one attached database to another, and make its view.

    Parameters
    ----------
    source_catalog, target_catalog : str
        The databases; the target is the default one.
    table : Table
        The table; it must hold rows.
    """
    source = _relation(table.schema, table.name, source_catalog)
    target = _relation(CODED_SCHEMA, _name(table), target_catalog)
    cells = [
        _cast(column.name, exp.DataType.build(_type(table, column), udt=True))
        if column.type == _TEXT
        else _column(column.name)
        for column in table.columns
    ]
    copy = exp.Create(this=target, kind="TABLE", expression=exp.select(*cells).from_(source))
    return [
        create_schema(CODED_SCHEMA),
        *(_create_type(table, column, source) for column in table.columns if column.type == _TEXT),
        copy.sql(_DIALECT),
        create_view(table.schema, table.name, _texts(table)),
    ]


def _create_type(table: Table, column: Column, source: exp.Table) -> str:
    """``CREATE TYPE`` of the texts of a column."""
    name = _column(column.name)
    texts = exp.select(name).distinct().from_(source.copy()).order_by(exp.Literal.number(1))
    texts = texts.where(exp.Not(this=exp.Is(this=name.copy(), expression=exp.Null())))
    # sqlglot has no syntax tree for a type made by a query: fixed words around it
    return f"CREATE TYPE {_type(table, column)} AS ENUM ({texts.sql(_DIALECT)})"


def _name(table: Table) -> str:
    return f"{table.schema}_{table.name}"


def _type(table: Table, column: Column) -> str:
    return identifier(CODED_SCHEMA, f"{_name(table)}_{column.name}")


def _texts(table: Table) -> str:
    """SELECT of every column in its declared type."""
    columns = [_cast(column.name, column.type) for column in table.columns]
    relation = _relation(CODED_SCHEMA, _name(table))
    return exp.select(*columns).from_(relation).sql(_DIALECT)


def _cast(name: str, kind: exp.DataType | str) -> exp.Expr:
    return exp.alias_(exp.cast(_column(name), kind), name, quoted=True)


def _column(name: str) -> exp.Column:
    return exp.column(exp.to_identifier(name, quoted=True))


def _relation(schema: str, name: str, catalog: str | None = None) -> exp.Table:
    return exp.Table(
        this=exp.to_identifier(name, quoted=True),
        db=exp.to_identifier(schema, quoted=True),
        catalog=exp.to_identifier(catalog, quoted=True) if catalog else None,
    )
