"""Views for other engines: the same SELECT in another dialect."""

from __future__ import annotations

import sqlglot
from sqlglot import exp

from roentgene.queries.registry import View


def transpiled(view: View, dialect: str) -> str:
    """Give the SELECT of a view in the dialect of another engine.

    Parameters
    ----------
    view : View
        A numbered view.
    dialect : str
        Name that sqlglot has for it: ``spark``, ``trino`` …

    Returns
    -------
    str
        Tables and views are called in it as in the lake.
    """
    statement = sqlglot.parse_one(view.select, dialect="duckdb")
    if dialect.startswith(("spark", "databricks")):
        statement = statement.transform(_for_spark)
    return statement.sql(dialect, pretty=True)


def _for_spark(node: exp.Expr) -> exp.Expr:
    """Put what Spark has in the place of functions that sqlglot hands on as they are."""
    called = node.name.lower() if isinstance(node, exp.Anonymous) else ""
    if called == "isfinite":
        (value,) = node.expressions
        infinite = exp.cast(exp.Literal.string("Infinity"), "DOUBLE")
        number = exp.and_(
            exp.Not(this=exp.IsNan(this=value.copy())),
            exp.LT(this=exp.Abs(this=value.copy()), expression=infinite),
        )
        # isnan of NULL is false there, and NULL here
        known = exp.Not(this=exp.Is(this=value.copy(), expression=exp.Null()))
        return exp.Case(ifs=[exp.If(this=known, true=number)])
    return node
