"""Reading of table files: CSV, TSV, MAF or Parquet into text, every row with its line.

A wrong row or cell is refused by its line and the others go on; only a file that cannot be read at
all is refused as a whole.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.tables.cell_faults import (
    FAULTS,
    LONGEST_CELL,
    Fault,
    possible_faults,
    refuse_faults,
)
from roentgene.ingest.tables.decimals import with_decimal_points
from roentgene.ingest.tables.file_table import FileTable as FileTable
from roentgene.ingest.tables.file_text import read_text
from roentgene.ingest.tables.header_names import check_names, name_columns
from roentgene.ingest.tables.records import Records, find_records
from roentgene.ingest.tables.refusing import refuse_table
from roentgene.ingest.tables.row_gate import RowGate
from roentgene.ingest.tables.separators import (
    SEPARATORS,
    check_one_column,
    find_separator,
    no_row_fits,
)
from roentgene.ingest.tables.stray_rows import without_stray_rows
from roentgene.schemas.table_source import WrittenTable

_GCT_VERSIONS = (b"#1.2", b"#1.3")
_AS_USUAL = WrittenTable(file="")


def read_table(path: Path, name: str, written: WrittenTable = _AS_USUAL) -> FileTable:
    """Read a table file.

    Parameters
    ----------
    path : Path
        A ``.parquet`` file, or text, ``.gz`` or not. Lines that begin with ``#`` before the header
        are comments. Where no separator is declared, it is the one that belongs to the suffix if
        the header has it, else the commonest of comma, tab and semicolon in the header.
    name : str
        How the file is called in messages and rows.
    written : WrittenTable
        What the cohort file says of its writing.

    Raises
    ------
    TableRefusedError
        If nothing can be taken from it: ``file_missing``, ``unreadable_table``, ``not_a_table``,
        ``wrong_encoding``, ``wrong_separator``, ``header_not_of_rows``, ``unclosed_quote`` or
        ``damaged_archive``.
    """
    if path.suffix == ".parquet":
        return _read_parquet(path, name, written)
    text, n_before, is_gct = _without_comments(read_text(path, name, written.encoding))
    if not text:
        raise refuse_table(name, "unreadable_table", "the file holds no header")
    gate = RowGate(FileTable(name, pl.DataFrame()))
    body = _divided(text, path, n_before, written, gate)
    named = name_columns(body.rows, body.names, gate, n_before + 1)
    rows = refuse_faults(named.rows, body.faults, written.row_id, gate)
    if not is_gct:
        rows = without_stray_rows(rows, written.row_id, gate)
    n_left_out = body.n_rows - rows.height
    given = None
    if written.decimal == ",":
        rows, given = with_decimal_points(rows, written.row_id, gate)
    return FileTable(name, rows, named.ambiguous, gate.refusals, n_before + 1, n_left_out, given)


@dataclass(frozen=True)
class _Body:
    """Rows of cells without their names, of which there are as many."""

    rows: pl.DataFrame
    names: list[str]
    n_rows: int
    faults: frozenset[Fault] = frozenset()


def _without_comments(text: bytes) -> tuple[bytes, int, bool]:
    """Text from the header on, ended by a newline; the lines before it; whether it is GCT."""
    start = n_lines = 0
    is_gct = False
    while start < len(text):
        end = text.find(b"\n", start)
        end = len(text) if end < 0 else end
        line = text[start:end]
        if line.strip() and not line.startswith(b"#"):
            break
        start, n_lines = end + 1, n_lines + 1
        if line.rstrip() in _GCT_VERSIONS:
            # the line below it counts rows and columns
            start, n_lines = (text.find(b"\n", start) + 1) or len(text), n_lines + 1
            is_gct = True
    body = text[start:]
    return (body if not body or body.endswith(b"\n") else body + b"\n"), n_lines, is_gct


def _divided(text: bytes, path: Path, n_before: int, written: WrittenTable, gate: RowGate) -> _Body:
    """Divide a text into rows and cells."""
    if written.separator is not None:
        separator = SEPARATORS[written.separator]
    else:
        separator = find_separator(path, text[: text.index(b"\n")].decode())
    # before the cells are there, for it needs memory too
    faults = possible_faults(text, separator)
    records = find_records(text, separator)
    if not records.regular:
        body = _divided_irregular(text, separator, n_before, gate)
        return replace(body, faults=faults)
    if records.unclosed_line is not None:
        detail = "a quote on this line is never closed"
        raise refuse_table(gate.name, "unclosed_quote", detail, records.unclosed_line + n_before)
    body = _divided_regular(text, separator, records, n_before, gate)
    if len(body.names) == 1 and written.separator is None:
        check_one_column(text, n_before + 1, gate.name)
    return replace(body, faults=faults)


def _divided_regular(
    text: bytes, separator: str, records: Records, n_before: int, gate: RowGate
) -> _Body:
    names = _names(text[: records.ends[0]].decode(), separator, n_before + 1, gate.name)
    lines, n_cells, blank = records.lines[1:] + n_before, records.n_cells[1:], records.blank[1:]
    ragged = (n_cells != len(names)) & ~blank
    n_rows = int((~blank).sum())
    if n_rows > 1 and int(ragged.sum()) == n_rows:
        lengths, counts = np.unique(n_cells[~blank], return_counts=True)
        found = dict(zip(lengths.tolist(), counts.tolist(), strict=True))
        raise no_row_fits(text, len(names), found, n_before + 1, gate.name)
    rows = pl.read_csv(
        text,
        # the first record decides how many cells are read, and the header is never ragged
        has_header=False,
        schema=_positions(len(names)),
        separator=separator,
        quote_char='"' if records.quoted else None,
        empty_string_is_null=False,
        # rows of another length are known already and left out below
        truncate_ragged_lines=True,
    )[1:]
    if rows.height != lines.size:
        raise refuse_table(gate.name, "unreadable_table", "it cannot be divided into rows")
    rows = rows.with_columns(pl.Series(SOURCE_ROW, lines))
    if ragged.any():
        bad = pl.DataFrame({SOURCE_ROW: lines[ragged], "n_cells": n_cells[ragged]})
        begins = rows.filter(pl.Series(ragged)).select(is_comment=_begins_with_hash("column_0"))
        _refuse_ragged(bad.hstack(begins), len(names), gate)
    return _Body(rows.filter(pl.Series(~(ragged | blank))), names, n_rows)


def _divided_irregular(text: bytes, separator: str, n_before: int, gate: RowGate) -> _Body:
    """Divide a text with quotes in the middle of cells, record by record.

    Such quotes are letters (``3" nodule``). A record that goes over several lines is not believed,
    for there a quote has swallowed the rows that follow.
    """
    plain = text.replace(b"\r\n", b"\n").replace(b"\r", b" ").decode()
    plain, n_long = _without_long_lines(plain, n_before, gate)
    reader = csv.reader(io.StringIO(plain, newline="\n"), delimiter=separator)
    names = _names(plain.split("\n", 1)[0], separator, n_before + 1, gate.name)
    cells, lines, ragged = [], [], []
    first, n_joined = 1, 0
    try:
        for number, record in enumerate(reader):
            line, last = first + n_before, reader.line_num + n_before
            first = reader.line_num + 1
            if not number:
                continue
            if last > line:
                detail, n_joined = f"a quote joins it with line {last}", n_joined + 1
                gate.refuse("ragged_row", "row", detail, line=line)
            elif len(record) not in (0, len(names)):
                begins = record[0].lstrip().startswith("#")
                ragged.append((line, len(record), begins))
            elif any(record):
                cells.append(record)
                lines.append(line)
    except csv.Error as error:
        code, detail = "unclosed_quote", "a quote on this line is never closed"
        raise refuse_table(gate.name, code, detail, first + n_before) from error
    schema = {SOURCE_ROW: pl.Int64, "n_cells": pl.Int64, "is_comment": pl.Boolean}
    _refuse_ragged(pl.DataFrame(ragged, schema=schema, orient="row"), len(names), gate)
    rows = pl.DataFrame(cells, schema=_positions(len(names)), orient="row")
    rows = rows.with_columns(pl.Series(SOURCE_ROW, lines, dtype=pl.Int64))
    return _Body(rows, names, len(cells) + len(ragged) + n_joined + n_long)


def _without_long_lines(plain: str, n_before: int, gate: RowGate) -> tuple[str, int]:
    """Blank the lines that are longer than a cell may be, for the reader gives up at them."""
    lines = plain.split("\n")
    long = [number for number, line in enumerate(lines) if len(line) > LONGEST_CELL]
    for number in long:
        detail = f"a line of {len(lines[number])} characters with quotes within its cells"
        gate.refuse("cell_too_long", "row", detail, line=number + 1 + n_before)
        lines[number] = ""
    return ("\n".join(lines) if long else plain), len(long)


def _names(header: str, separator: str, line: int, name: str) -> list[str]:
    """Names of the columns, without the blanks around them."""
    # a return that does not end the line is a letter
    plain = header.rstrip("\r").replace("\r", " ")
    try:
        return [cell.strip() for cell in next(csv.reader([plain], delimiter=separator))]
    except csv.Error as error:
        detail = f"a name in the header is longer than {LONGEST_CELL:,} characters"
        raise refuse_table(name, "cell_too_long", detail, line) from error


def _begins_with_hash(column: str) -> pl.Expr:
    return pl.col(column).str.strip_chars_start().str.starts_with("#").fill_null(False)


def _refuse_ragged(bad: pl.DataFrame, n_names: int, gate: RowGate) -> None:
    """Take down rows of another length than the header, and comments between rows."""
    if not bad.height:
        return
    comments = bad.filter(pl.col("is_comment"))
    gate.refuse_rows(comments, "comment_line", "a comment between the rows")
    detail = pl.format(f"{{}} cells where the header has {n_names}", "n_cells")
    gate.refuse_rows(bad.filter(~pl.col("is_comment")), "ragged_row", detail)


def _positions(n: int) -> dict[str, pl.DataType]:
    return {f"column_{place}": pl.String() for place in range(n)}


def _read_parquet(path: Path, name: str, written: WrittenTable) -> FileTable:
    if not path.is_file():
        raise refuse_table(name, "file_missing", "there is no such file")
    try:
        rows = pl.read_parquet(path)
        as_text = [column for column, kind in rows.schema.items() if not kind.is_numeric()]
        # as in a text an empty cell is one without letters; NULL is one that was refused
        rows = rows.with_columns(pl.col(as_text).cast(pl.String).fill_null(""))
    except (OSError, pl.exceptions.PolarsError) as error:
        detail = f"it is no Parquet file of plain columns ({type(error).__name__})"
        raise refuse_table(name, "unreadable_table", detail) from error
    check_names(rows.columns, name, 1)
    # as if it were text: row 1 would be the header
    rows = rows.with_row_index(SOURCE_ROW, offset=2).cast({SOURCE_ROW: pl.Int64})
    gate = RowGate(FileTable(name, rows.clear()))
    n_rows = rows.height
    rows = refuse_faults(rows, FAULTS, written.row_id, gate)
    found = FileTable(name, rows, n_left_out=n_rows - rows.height)
    return replace(found, refusals=gate.refusals)
