"""The inclusion query of a release: the same patients when it is asked again, in plain columns."""

from __future__ import annotations

import polars as pl
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from roentgene.schemas.errors import FileError, QueryError

# what makes rows of its arguments alone
_MAKING_ROWS = frozenset({"range", "generate_series", "unnest", "repeat"})
_CHANGING = frozenset(
    {"random", "rand", "uuid", "gen_random_uuid", "uuidv4", "uuidv7", "setseed", "getenv"}
    | {"now", "today", "get_current_timestamp", "get_current_time", "transaction_timestamp"}
    | {
        "current_date",
        "current_time",
        "current_timestamp",
        "current_localtimestamp",
        "txid_current",
    }
    | {"current_localtime", "localtime", "localtimestamp", "currval", "nextval", "getvariable"}
)
# what takes one row or another, as rows come
_TAKING_ONE = (exp.AnyValue, exp.First, exp.Last)
_IN_ORDER = (
    exp.RowNumber,
    exp.Ntile,
    exp.FirstValue,
    exp.LastValue,
    exp.NthValue,
    exp.Lag,
    exp.Lead,
)
_CURE = "Ask of the warehouse's tables and views by schema and name; put other lists into it first"


def refuse_unrepeatable(sql: str) -> None:
    """Refuse a query that reads anything but the snapshot, or whose answer changes by itself.

    Raises
    ------
    QueryError
        If it reads a file, calls a clock or a random number, samples rows, or takes some of them
        without an order.
    """
    try:
        statement = sqlglot.parse_one(sql, dialect="duckdb")
    except SqlglotError as error:
        msg = "the inclusion query cannot be read"
        raise QueryError(msg, "Correct the SQL; 'roentgene sql' says more of it") from error
    within = {cte.alias_or_name.lower() for cte in statement.find_all(exp.CTE)}
    for table in statement.find_all(exp.Table):
        if isinstance(table.this, exp.Func):
            called = _name(table.this)
            if called not in _MAKING_ROWS:
                msg = f"the inclusion query reads {called}(): not of the snapshot"
                raise QueryError(msg, _CURE)
        elif not table.db and table.name.lower() not in within:
            msg = f"the inclusion query reads {table.name!r}, which names no schema"
            raise QueryError(msg, _CURE)
    for function in statement.find_all(exp.Func):
        if _name(function) in _CHANGING:
            msg = f"the inclusion query calls {_name(function)}, which is another one every time"
            raise QueryError(msg, "Write the value itself")
    if statement.find(exp.TableSample) is not None:
        msg = "the inclusion query takes a sample, which is another one every time"
        raise QueryError(msg, "Order by a hash of patient_id and take the first")
    _refuse_unordered(statement)


def _refuse_unordered(statement: exp.Expr) -> None:
    """Refuse what depends on the order in which rows happen to come."""
    for query in statement.find_all(exp.Query):
        limited = query.args.get("limit") or query.args.get("offset")
        distinct = query.args.get("distinct")
        picked = limited or (distinct is not None and distinct.args.get("on"))
        if picked and not query.args.get("order"):
            msg = "the inclusion query takes some of its rows without ORDER BY"
            raise QueryError(msg, "Order by a hash of patient_id, or by what decides")
    for window in statement.find_all(exp.Window):
        if isinstance(window.this, _IN_ORDER) and not window.args.get("order"):
            msg = f"the inclusion query numbers rows by {_name(window.this)}() without ORDER BY"
            raise QueryError(msg, "Write OVER (ORDER BY …), with patient_id last")
    for function in statement.find_all(*_TAKING_ONE):
        if not isinstance(function.this, exp.Order):
            msg = f"the inclusion query calls {_name(function)}(), which takes any of several rows"
            raise QueryError(msg, "Take min() or max(), or say 'ORDER BY' within it")


def plain_columns(asked: pl.DataFrame) -> pl.DataFrame:
    """Bring what the query says of patients to texts, numbers, integers and booleans.

    Raises
    ------
    FileError
        If a column is none of these, holds dates, or numbers that are none.
    """
    return asked.select(_plain(column) for column in asked.get_columns())


def _plain(column: pl.Series) -> pl.Series:
    kind = column.dtype
    if kind.is_temporal():
        msg = f"column {column.name} of the inclusion query holds dates or times"
        raise FileError(msg, "A release holds none: give days from day zero, or ranks")
    if kind in (pl.String, pl.Categorical, pl.Enum, pl.Null):
        return column.cast(pl.String)
    if kind == pl.Boolean:
        return column
    if not kind.is_numeric():
        msg = f"column {column.name} of the inclusion query is of type {kind}"
        raise FileError(msg, "Give text, numbers or booleans, a value a patient")
    if kind.is_float() or (isinstance(kind, pl.Decimal) and kind.scale):
        numbers = column.cast(pl.Float64)
        if not numbers.is_finite().all():
            msg = f"column {column.name} of the inclusion query holds NaN or an infinite number"
            raise FileError(msg, "Give NULL where there is no value")
        return numbers
    try:
        return column.cast(pl.Int64)
    except pl.exceptions.InvalidOperationError as error:
        msg = f"column {column.name} of the inclusion query holds too large integers"
        raise FileError(msg, "Cast it to DOUBLE or VARCHAR") from error


def _name(function: exp.Func) -> str:
    return (function.name if isinstance(function, exp.Anonymous) else function.sql_name()).lower()
