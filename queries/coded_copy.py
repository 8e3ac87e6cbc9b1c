"""SQL that copies a table whose texts repeat: each text once, and a number for it in every row.

A native file takes the texts of a column one by one, three seconds for twenty million. As an ENUM
they are numbers. A view of the table's name gives them back as text, so that nobody who asks it
sees a difference.

Lists go the same way: DuckDB 1.0 cannot read a list column of which no row has an element, as
newer versions write it. They are stored as one text with a separator.
"""

from __future__ import annotations

from sqlglot import exp

from roentgene.queries.render import create_schema, create_view, drop_relation, identifier
from roentgene.schemas.tables import Column, Table

#: Schema of the copies; what people ask are the views over them.
CODED_SCHEMA = "coded"

_DIALECT = "duckdb"
_TEXT = "VARCHAR"
_LIST = "VARCHAR[]"
# the unit separator of ASCII: no word holds it
_SEPARATOR = 31


def is_coded(table: Table) -> bool:
    """Whether a table that holds rows is copied in another form, under a view of its name."""
    return table.coded or any(column.type == _LIST for column in table.columns)


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
    cells = [_stored(table, column) for column in table.columns]
    copy = exp.Create(this=target, kind="TABLE", expression=exp.select(*cells).from_(source))
    return [
        create_schema(CODED_SCHEMA),
        *(_create_type(table, column, source) for column in _enumerated(table)),
        copy.sql(_DIALECT),
        coded_view(table),
    ]


def coded_view(table: Table) -> str:
    """``CREATE VIEW`` of a table's name over the coded copy of its rows."""
    return create_view(table.schema, table.name, _texts(table))


def drop_coded(table: Table) -> list[str]:
    """Statements that drop the coded copy of a table, if there is one."""
    types = [_type(table, column) for column in _enumerated(table)]
    return [
        drop_relation("TABLE", CODED_SCHEMA, _name(table)),
        # sqlglot has no syntax tree for types: fixed words before the quoted name
        *(f"DROP TYPE IF EXISTS {name}" for name in types),
    ]


def _enumerated(table: Table) -> list[Column]:
    """Columns whose texts become numbers."""
    return [column for column in table.columns if table.coded and column.type == _TEXT]


def _stored(table: Table, column: Column) -> exp.Expr:
    if column.type == _LIST:
        joined = exp.func("array_to_string", _column(column.name), _separator())
        return exp.alias_(joined, column.name, quoted=True)
    if column in _enumerated(table):
        return _cast(column.name, exp.DataType.build(_type(table, column), udt=True))
    return _column(column.name)


def _given_back(column: Column) -> exp.Expr:
    """Column of a copy in its declared type."""
    if column.type != _LIST:
        return _cast(column.name, column.type)
    # an empty text would be split into a list of one empty text
    parts = exp.func("string_split", _column(column.name), _separator())
    is_empty = exp.EQ(this=_column(column.name), expression=exp.Literal.string(""))
    none = exp.cast(exp.Array(expressions=[]), exp.DataType.build(_LIST, dialect=_DIALECT))
    split = exp.Case(ifs=[exp.If(this=is_empty, true=none)], default=parts)
    return exp.alias_(split, column.name, quoted=True)


def _separator() -> exp.Expr:
    return exp.func("chr", exp.Literal.number(_SEPARATOR))


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
    columns = [_given_back(column) for column in table.columns]
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
