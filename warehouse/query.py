"""The owner's queries on the lake: one reading statement, within limits.

This keeps honest people from harm. It is no sandbox: the lake has none, and what a stranger asks
goes to :mod:`roentgene.warehouse.sandbox`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import ClassVar

import duckdb
import pyarrow as pa
from sqlglot import Token, TokenError, TokenType
from sqlglot.dialects.duckdb import DuckDB

from roentgene.queries import render
from roentgene.queries.query_file import query_text
from roentgene.schemas.errors import QueryError
from roentgene.schemas.study import QueryLimits
from roentgene.warehouse.accidents import accident
from roentgene.warehouse.statement import (
    LimitedRows,
    Parameters,
    QueryResult,
    is_interruption,
    out_of_time,
    refusal,
    statement_type,
)

_CURE = "Write one SELECT, FROM, WITH, PIVOT, DESCRIBE, SHOW, SUMMARIZE or EXPLAIN of one of them"
# DuckDB's own type does not tell PRAGMA from SELECT, nor what EXPLAIN ANALYZE would run
_READING_WORDS = frozenset(
    {"select", "from", "with", "values", "table", "describe", "desc", "show", "summarize"}
    | {"pivot", "pivot_wider", "unpivot", "pivot_longer"}
)
# some functions in FROM write, even on a lake attached read-only, or run SQL hidden in a text;
# so the reading ones are listed, by their first words or whole
_READING_FAMILIES = ("duckdb_", "pragma_", "read_", "parquet_", "json_each", "json_tree", "test_")
_READING_FUNCTIONS = frozenset(
    {"generate_series", "range", "unnest", "repeat", "repeat_row", "glob", "sniff_csv", "summary"}
    | {"query_table", "histogram", "histogram_values", "icu_calendar_names", "pg_timezone_names"}
    | {"ducklake_snapshots", "ducklake_current_snapshot", "ducklake_last_committed_snapshot"}
    | {"ducklake_table_info", "ducklake_table_changes", "ducklake_table_insertions"}
    | {"ducklake_table_deletions", "ducklake_list_files", "ducklake_options", "ducklake_settings"}
)
_LAKE_FUNCTION = "ducklake_"


class _Tokenizer(DuckDB.Tokenizer):
    """DuckDB's words, also those behind EXPLAIN, which sqlglot would leave in one piece."""

    COMMANDS: ClassVar[set[TokenType]] = set()


def run_limited(
    con: duckdb.DuckDBPyConnection, sql: str, parameters: Parameters, limits: QueryLimits
) -> QueryResult:
    """Run one reading statement within limits of time, memory and rows.

    The memory limit stays with the connection. The time limit stops joins, sorts and recursion,
    but not the inside of a single call of a scalar function.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        Connection with the lake attached read-only.
    sql : str
        One statement.
    parameters : mapping or sequence, optional
        Values of ``$name`` or ``?``.
    limits : QueryLimits
        Seconds, MB and rows.

    Raises
    ------
    QueryError
        If it is not one reading statement, does not bind, fails, or runs out of time or memory.
    WarehouseError
        If a file of data is missing or damaged, or the disk is full.
    """
    begun = time.monotonic()
    try:
        _refuse_unless_reading(con, sql)
        # no bound parameter: the first one in a process imports pandas, which takes a second
        con.execute(f"SET memory_limit = {render.literal(f'{limits.memory_mb}MB')}")
        with _deadline(con, limits.seconds) as over:
            table, truncated = _read(con, sql, parameters, limits.rows, over)
    except (duckdb.Error, pa.ArrowException, OSError, MemoryError) as error:
        happened = accident(error) if isinstance(error, duckdb.Error) else None
        raise happened or refusal(error, limits.memory_mb) from error
    return QueryResult(table, truncated, time.monotonic() - begun)


def _read(
    con: duckdb.DuckDBPyConnection,
    sql: str,
    parameters: Parameters,
    limit: int,
    over: threading.Event,
) -> tuple[pa.Table, bool]:
    while True:
        rows = LimitedRows(con, sql, parameters, limit)
        try:
            return pa.Table.from_batches(rows, rows.schema), rows.truncated
        except (duckdb.Error, OSError) as error:
            # when a row fails in one thread DuckDB stops the others, and about once in a hundred
            # times it reports that stop instead of the failure; asked again, it names the failure
            if over.is_set() or not is_interruption(error):
                raise


@contextmanager
def _deadline(con: duckdb.DuckDBPyConnection, seconds: float) -> Iterator[threading.Event]:
    over = threading.Event()

    def stop() -> None:
        over.set()
        con.interrupt()

    timer = threading.Timer(seconds, stop)
    timer.start()
    try:
        yield over
    except Exception as error:
        if over.is_set():
            raise out_of_time(seconds) from error
        raise
    finally:
        timer.cancel()
        timer.join()


def _refuse_unless_reading(con: duckdb.DuckDBPyConnection, sql: str) -> None:
    kind = statement_type(con, sql)
    tokens = _tokens(sql)
    body = _after_explain(tokens)
    word = next((t.text.lower() for t in body if t.token_type is not TokenType.L_PAREN), "")
    if word not in _READING_WORDS:
        msg = f"{word.upper()} is not allowed here: queries read only"
        raise QueryError(msg, _CURE)
    if len(body) < len(tokens):
        kind = statement_type(con, sql[body[0].start :])
    if kind != "SELECT":
        msg = f"{kind} is not allowed here: queries read only"
        raise QueryError(msg, _CURE)
    _refuse_writing_functions(con, body)


def _tokens(sql: str) -> list[Token]:
    try:
        return _Tokenizer(dialect=DuckDB()).tokenize(sql)
    except TokenError as error:
        msg = f"the query cannot be read: {error}"
        raise QueryError(msg, "Correct the SQL") from error


def _after_explain(tokens: Sequence[Token]) -> Sequence[Token]:
    """Tokens of the statement that an EXPLAIN is about; all of them where there is none."""
    words = [token.text.lower() for token in tokens]
    if words[0] != "explain":
        return tokens
    start = 1
    while words[start] in {"analyze", "verbose"}:
        start += 1
    if words[start] == "(" and words[start + 1] not in {*_READING_WORDS, "("}:
        start = words.index(")", start) + 1
    return tokens[start:]


def _refuse_writing_functions(con: duckdb.DuckDBPyConnection, tokens: Sequence[Token]) -> None:
    in_from = {name for (name,) in con.execute(query_text("warehouse/table_functions")).fetchall()}
    # the lake offers each of its functions as a method too: lake.snapshots()
    methods = {n.removeprefix(_LAKE_FUNCTION) for n in in_from if n.startswith(_LAKE_FUNCTION)}
    for before, name, after in zip([None, *tokens], tokens, tokens[1:], strict=False):
        if after.token_type is not TokenType.L_PAREN:
            continue
        called = name.text.lower()
        if before is not None and before.token_type is TokenType.DOT and called in methods:
            called = f"{_LAKE_FUNCTION}{called}"
        reads = called in _READING_FUNCTIONS or called.startswith(_READING_FAMILIES)
        if called in in_from and not reads:
            msg = f"the function {called} is not allowed here: it does more than read"
            raise QueryError(msg, "Functions such as read_csv, range and lake.snapshots() are")
