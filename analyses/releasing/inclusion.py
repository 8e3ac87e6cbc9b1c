"""The inclusion query of a release must give the same patients when it is asked again."""

from __future__ import annotations

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from roentgene.schemas.errors import QueryError

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
_CURE = "Ask of the warehouse's tables and views by schema and name; put other lists into it first"


def refuse_unrepeatable(sql: str) -> None:
    """Refuse a query that reads anything but the snapshot, or whose answer changes by itself.

    Raises
    ------
    QueryError
        If it reads a file, calls a clock or a random number, or samples rows.
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


def _name(function: exp.Func) -> str:
    return (function.name if isinstance(function, exp.Anonymous) else function.sql_name()).lower()
