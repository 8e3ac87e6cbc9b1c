"""The answer to a query as a table for people, CSV, JSON or Parquet."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, BinaryIO

from roentgene.app.terminal import counted, table_lines
from roentgene.schemas.formulas import is_live_formula

if TYPE_CHECKING:
    import pyarrow as pa

# more than a person reads
_SHOWN_ROWS = 500
_BATCH_ROWS = 50_000
_NEEDS_QUOTES = re.compile('[,"\\r\\n]')


class Format(StrEnum):
    """Form of an answer."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


def write_answer(answer: pa.Table, form: Format, stream: BinaryIO) -> None:
    """Write an answer.

    Parameters
    ----------
    answer : pyarrow.Table
        Rows of any types.
    form : Format
        ``table`` shows the first rows. ``csv`` quotes only what needs it: NULL is an empty
        field, an empty text is ``""``; lists and structs are JSON; a text that a spreadsheet would
        run as a formula gets ``'`` before it. ``json`` is a list of objects.
    stream : binary stream
        Where it goes; CSV and JSON are UTF-8.
    """
    writers: Mapping[Format, Callable[[pa.Table, BinaryIO], None]] = {
        Format.TABLE: _write_table,
        Format.CSV: _write_csv,
        Format.JSON: _write_json,
        Format.PARQUET: _write_parquet,
    }
    writers[form](answer, stream)


def _write_table(answer: pa.Table, stream: BinaryIO) -> None:
    shown = answer.slice(0, _SHOWN_ROWS)
    columns = [_values(column) for column in shown.columns]
    lines = table_lines(answer.column_names, zip(*columns, strict=True), missing="NULL")
    if answer.num_rows > _SHOWN_ROWS:
        more = answer.num_rows - _SHOWN_ROWS
        lines.append(f"… and {counted(more, 'row')} more: --format csv writes them all")
    stream.write("".join(f"{line}\n" for line in lines).encode())


def _write_csv(answer: pa.Table, stream: BinaryIO) -> None:
    # in plain Python: a scalar or array made by pyarrow imports pandas, which takes a second
    stream.write(",".join(_csv_words(name) for name in answer.column_names).encode() + b"\n")
    for batch in answer.to_batches(max_chunksize=_BATCH_ROWS):
        fields = [[_csv_text(v) for v in _timeless(column).to_pylist()] for column in batch.columns]
        lines = (",".join(row) for row in zip(*fields, strict=True))
        stream.write("".join(f"{line}\n" for line in lines).encode())


def _csv_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return _csv_words(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    plain = _plain(value)
    return _quoted(plain if isinstance(plain, str) else _json(plain))


def _csv_words(text: str) -> str:
    """Text as a field; what a spreadsheet would run gets the sign for text before it."""
    return _quoted("'" + text if is_live_formula(text) else text)


def _quoted(text: str) -> str:
    if text and not _NEEDS_QUOTES.search(text):
        return text
    return '"' + text.replace('"', '""') + '"'


def _write_json(answer: pa.Table, stream: BinaryIO) -> None:
    start = b"[\n"
    for row in _rows(answer):
        stream.write(start + _json(row).encode())
        start = b",\n"
    stream.write(b"[]\n" if start == b"[\n" else b"\n]\n")


def _rows(answer: pa.Table) -> Iterator[dict[str, Any]]:
    names = _distinct(answer.column_names)
    for batch in answer.to_batches(max_chunksize=_BATCH_ROWS):
        for row in zip(*[_values(column) for column in batch.columns], strict=True):
            yield dict(zip(names, row, strict=True))


def _distinct(names: list[str]) -> list[str]:
    """Names of columns, the second of one name called as DuckDB would call it in a subquery."""
    seen: dict[str, int] = {}
    found = []
    for name in names:
        number = seen.get(name, 0)
        seen[name] = number + 1
        found.append(f"{name}_{number}" if number else name)
    return found


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _values(column: pa.ChunkedArray | pa.Array) -> list[Any]:
    """Values as plain Python: None, bool, int, finite float, str, list, dict."""
    return [_plain(value) for value in _timeless(column).to_pylist()]


def _timeless(column: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray | pa.Array:
    """Write times out as text, for pyarrow imports pandas to make Python's of them."""
    import pyarrow as pa
    from pyarrow import types

    kind = column.type
    if types.is_timestamp(kind) and kind.tz is not None:
        column = column.cast(pa.timestamp(kind.unit, "UTC"))
    has_text = types.is_timestamp(kind) or types.is_date(kind) or types.is_time(kind)
    return column.cast(pa.string()) if has_text else column


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        # JSON has no word for them
        return value if math.isfinite(value) else _word(value)
    if isinstance(value, Decimal):
        # DuckDB sums integers to a decimal without places
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, timedelta):
        return str(value)
    return str(value)


def _word(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def _write_parquet(answer: pa.Table, stream: BinaryIO) -> None:
    import pyarrow.parquet as pq

    pq.write_table(answer, stream, compression="zstd")
