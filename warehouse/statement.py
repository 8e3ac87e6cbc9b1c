"""One statement: told from several, its rows read up to a limit, its errors put into our words.

The locked child of the sandbox runs on this too, so nothing heavy is imported here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from roentgene.schemas.errors import QueryError

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

Parameters = Mapping[str, Any] | Sequence[Any] | None

_BATCH_ROWS = 100_000
_AROUND_A_PIVOT = ("TRANSACTION", "SET")
_ERROR_KIND = re.compile(r"(?P<kind>[A-Za-z][A-Za-z ]*?) Error: ")
_INTERRUPTION = "INTERRUPT"
_LOOK_UP = "'SHOW ALL TABLES' lists what there is, 'DESCRIBE name' the columns of one"
_CURES = {
    "Parser": "Correct the SQL",
    "Binder": _LOOK_UP,
    "Catalog": _LOOK_UP,
    "Permission": "Ask of the tables and views alone",
    "Conversion": "Use TRY_CAST where a value may not fit",
    _INTERRUPTION: "A row failed: ask again, and the answer will say why",
}


@dataclass(frozen=True)
class QueryResult:
    """Answer of a query.

    Attributes
    ----------
    table : pyarrow.Table
        Its rows.
    truncated : bool
        Whether there are more rows than the limit let through.
    seconds : float
        Time it took.
    """

    table: pa.Table
    truncated: bool
    seconds: float


def statement_type(con: duckdb.DuckDBPyConnection, sql: str) -> str:
    """Type of the one statement that a text holds, as DuckDB calls it.

    Raises
    ------
    QueryError
        If the text holds none or several.
    duckdb.Error
        If it does not parse.
    """
    types = [statement.type.name for statement in con.extract_statements(sql)]
    if not types:
        msg = "the query holds no statement"
        raise QueryError(msg, "Write one, such as 'SHOW ALL TABLES'")
    if _goes_on_after_its_end(sql):
        msg = "the query holds several statements"
        raise QueryError(msg, "Ask one at a time")
    # of one PIVOT DuckDB makes several: it creates types first, perhaps within a transaction
    own = [kind for kind in types if kind not in _AROUND_A_PIVOT or len(types) == 1][-1]
    if own == "EXPLAIN" and len(types) > 1:
        msg = "EXPLAIN cannot show a PIVOT whose columns come from the data"
        raise QueryError(msg, "Name them: PIVOT … ON column IN ('a', 'b')")
    return own


def _goes_on_after_its_end(sql: str) -> bool:
    import duckdb

    text = sql.encode()
    ends = [text[offset : offset + 1] == b";" for offset, _ in duckdb.tokenize(sql)]
    return True in ends and not all(ends[ends.index(True) :])


class LimitedRows:
    """Rows of a statement, streamed in record batches until the limit.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        Connection to run on.
    sql : str
        One statement.
    parameters : mapping or sequence, optional
        Values of its parameters.
    limit : int
        Number of rows after which reading stops.

    Attributes
    ----------
    truncated : bool
        Whether there were more rows; known once the batches have been read.
    """

    def __init__(
        self, con: duckdb.DuckDBPyConnection, sql: str, parameters: Parameters, limit: int
    ) -> None:
        self._reader = con.execute(sql, parameters).to_arrow_reader(min(limit + 1, _BATCH_ROWS))
        self._limit = limit
        self.truncated = False

    @property
    def schema(self) -> pa.Schema:
        """Columns of the answer."""
        return self._reader.schema

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Yield the batches, the last one cut at the limit."""
        left = self._limit
        for batch in self._reader:
            if batch.num_rows > left:
                self.truncated = True
                if left:
                    yield batch.slice(0, left)
                return
            left -= batch.num_rows
            yield batch


def refusal(error: Exception, memory_mb: int) -> QueryError:
    """Say in our words why DuckDB, or Arrow on its behalf, did not answer.

    Parameters
    ----------
    error : Exception
        What was raised while a statement ran.
    memory_mb : int
        Memory the statement was given, in MB.
    """
    if isinstance(error, QueryError):
        return error
    text, kind = str(error), _kind(error)
    if kind == "Out of Memory" or isinstance(error, MemoryError):
        msg = f"the query needs more than {memory_mb} MB of memory"
        cure = "Read fewer rows or columns at once, or raise limits.memory_mb in study.yaml"
        return QueryError(msg, cure)
    return QueryError(_one_line(text) or kind, _CURES.get(kind, ""))


def is_interruption(error: Exception) -> bool:
    """Whether DuckDB reports no failure, only that it was stopped."""
    return _kind(error) == _INTERRUPTION


def _kind(error: Exception) -> str:
    match = _ERROR_KIND.search(str(error))  # Arrow puts words of its own before DuckDB's
    return match["kind"] if match else type(error).__name__


def _one_line(text: str) -> str:
    words, _, place = text.partition("\nLINE ")
    sentence = " ".join(words.split())
    return f"{sentence} (line {place.splitlines()[0]})" if place else sentence


def out_of_time(seconds: float) -> QueryError:
    """Say that a statement was stopped at its deadline."""
    msg = f"the query was stopped after {seconds:g} s"
    return QueryError(msg, "Ask for less, or raise limits.seconds in study.yaml")
