"""Reading of table files: CSV, TSV, MAF or Parquet into text, every row with its line.

A wrong row is refused by its line and the others go on; only a file that cannot be read at all is
refused as a whole.
"""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from roentgene.ingest.refusal import Refusal
from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.tables.records import Records, find_records
from roentgene.ingest.tables.refusing import refuse_table

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_GCT_VERSIONS = (b"#1.2", b"#1.3")
_SEPARATORS = (",", "\t", ";")
_SEPARATOR_OF_SUFFIX = {".tsv": "\t", ".tab": "\t", ".maf": "\t", ".csv": ","}


@dataclass(frozen=True)
class FileTable:
    """A table as its file has it.

    Parameters
    ----------
    name : str
        How the file is called in messages and rows.
    rows : polars.DataFrame
        The columns of the file as text, blanks around cells kept (numbers of a Parquet file stay
        numbers), and ``source_row``.
    ambiguous : frozenset of str
        Names that stand twice in the header over different content; they are not in ``rows``.
    refusals : tuple of Refusal
        Rows that were left out.
    """

    name: str
    rows: pl.DataFrame
    ambiguous: frozenset[str] = frozenset()
    refusals: tuple[Refusal, ...] = ()

    @property
    def columns(self) -> list[str]:
        """Names of the file's own columns."""
        return [column for column in self.rows.columns if column != SOURCE_ROW]


def read_table(path: Path, name: str) -> FileTable:
    """Read a table file.

    Parameters
    ----------
    path : Path
        A ``.parquet`` file, or UTF-8 text, ``.gz`` or not. Lines that begin with ``#`` before the
        header are comments. The separator is the one that belongs to the suffix if the header has
        it, else the commonest of comma, tab and semicolon in the header.
    name : str
        How the file is called in messages and rows.

    Raises
    ------
    TableRefusedError
        ``file_missing`` or ``unreadable_table``.
    """
    if not path.is_file():
        raise refuse_table(name, "file_missing", "there is no such file")
    if path.suffix == ".parquet":
        return _read_parquet(path, name)
    text, n_before = _without_comments(_read_text(path, name))
    if not text:
        raise refuse_table(name, "unreadable_table", "the file holds no header")
    separator = _separator(path, text.split(b"\n", 1)[0].decode())
    records = find_records(text, separator)
    if not records.regular:
        return _read_irregular(text, separator, n_before, name)
    if records.unclosed_line is not None:
        detail = "a quote on this line is never closed"
        raise refuse_table(name, "unreadable_table", detail, records.unclosed_line + n_before)
    return _read_regular(text, separator, records, n_before, name)


def _read_text(path: Path, name: str) -> bytes:
    try:
        content = path.read_bytes()
        text = gzip.decompress(content) if path.suffix == ".gz" else content
    except (OSError, EOFError, zlib.error) as error:
        detail = f"it cannot be opened ({type(error).__name__})"
        raise refuse_table(name, "unreadable_table", detail) from error
    try:
        if not text.isascii():
            text.decode("utf-8")
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        raise refuse_table(name, "unreadable_table", "it is not UTF-8 text", line) from error
    if b"\0" in text:
        raise refuse_table(name, "unreadable_table", "it is not text: it holds NUL bytes")
    if b"\n" not in text:
        # the line ends of old Macintoshes
        text = text.replace(b"\r", b"\n")
    return text.removeprefix(_BYTE_ORDER_MARK)


def _without_comments(text: bytes) -> tuple[bytes, int]:
    """Text from the header on, ended by a newline, and the number of lines before it."""
    start = n_lines = 0
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
    body = text[start:]
    return (body if not body or body.endswith(b"\n") else body + b"\n"), n_lines


def _separator(path: Path, header: str) -> str:
    suffixes = [suffix for suffix in path.suffixes if suffix in _SEPARATOR_OF_SUFFIX]
    usual = _SEPARATOR_OF_SUFFIX[suffixes[-1]] if suffixes else ","
    if usual != "," and usual in header:
        return usual
    # names may hold commas in quotes
    bare = "".join(header.split('"')[::2])
    most = max(_SEPARATORS, key=bare.count)
    return most if bare.count(most) else usual


def _read_regular(
    text: bytes, separator: str, records: Records, n_before: int, name: str
) -> FileTable:
    header = text[: records.ends[0]].decode().rstrip("\r")
    names = [cell.strip() for cell in next(csv.reader([header], delimiter=separator))]
    lines, n_cells, blank = records.lines[1:] + n_before, records.n_cells[1:], records.blank[1:]
    ragged = (n_cells != len(names)) & ~blank
    _check_any_fits(ragged, n_cells, blank, len(names), name)
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
        raise refuse_table(name, "unreadable_table", "it cannot be divided into rows")
    refusals = tuple(
        _ragged(name, int(line), f"{n} cells where the header has {len(names)}")
        for line, n in zip(lines[ragged], n_cells[ragged], strict=True)
    )
    kept = rows.with_columns(pl.Series(SOURCE_ROW, lines)).filter(pl.Series(~(ragged | blank)))
    return _named(kept, names, name, refusals)


def _read_irregular(text: bytes, separator: str, n_before: int, name: str) -> FileTable:
    """Read a text with quotes in the middle of cells, record by record.

    Such quotes are letters (``3" nodule``). A record that goes over several lines is not believed,
    for there a quote has swallowed the rows that follow.
    """
    plain = text.replace(b"\r\n", b"\n").replace(b"\r", b" ").decode()
    reader = csv.reader(io.StringIO(plain, newline="\n"), delimiter=separator)
    names = [cell.strip() for cell in next(reader)]
    cells, lines, refusals = [], [], []
    first = reader.line_num + 1
    try:
        for record in reader:
            first, line, last = reader.line_num + 1, first + n_before, reader.line_num + n_before
            if last > line:
                refusals.append(_ragged(name, line, f"a quote joins it with line {last}"))
            elif len(record) not in (0, len(names)):
                detail = f"{len(record)} cells where the header has {len(names)}"
                refusals.append(_ragged(name, line, detail))
            elif any(record):
                cells.append(record)
                lines.append(line)
    except csv.Error as error:
        detail = "a quote on this line is never closed"
        raise refuse_table(name, "unreadable_table", detail, first + n_before) from error
    rows = pl.DataFrame(cells, schema=_positions(len(names)), orient="row")
    kept = rows.with_columns(pl.Series(SOURCE_ROW, lines, dtype=pl.Int64))
    return _named(kept, names, name, tuple(refusals))


def _check_any_fits(
    ragged: NDArray[np.bool_],
    n_cells: NDArray[np.int64],
    blank: NDArray[np.bool_],
    n_names: int,
    name: str,
) -> None:
    """Refuse the file once if the header, not the rows, is what is wrong."""
    lengths = np.unique(n_cells[~blank])
    if ragged.sum() > 1 and lengths.size == 1:
        detail = f"every row has {lengths[0]} cells where the header has {n_names}"
        raise refuse_table(name, "unreadable_table", detail)


def _ragged(name: str, line: int, detail: str) -> Refusal:
    return Refusal("staged", "ragged_row", "row", detail, file_path=name, row_number=line)


def _positions(n: int) -> dict[str, pl.DataType]:
    return {f"column_{place}": pl.String() for place in range(n)}


def _named(
    rows: pl.DataFrame, names: list[str], name: str, refusals: tuple[Refusal, ...]
) -> FileTable:
    """Name the columns as the header does, once each."""
    _check_names(names, name)
    first: dict[str, str] = {}
    ambiguous = set()
    for place, column in enumerate(names):
        position = f"column_{place}"
        earlier = first.setdefault(column, position)
        if earlier != position and not rows[earlier].equals(rows[position]):
            ambiguous.add(column)
    kept = {column: position for column, position in first.items() if column not in ambiguous}
    named = rows.select(SOURCE_ROW, **{column: pl.col(at) for column, at in kept.items()})
    return FileTable(name, named, frozenset(ambiguous), refusals)


def _read_parquet(path: Path, name: str) -> FileTable:
    try:
        rows = pl.read_parquet(path)
        as_text = [column for column, kind in rows.schema.items() if not kind.is_numeric()]
        rows = rows.with_columns(pl.col(as_text).cast(pl.String))
    except (OSError, pl.exceptions.PolarsError) as error:
        detail = f"it is no Parquet file of plain columns ({type(error).__name__})"
        raise refuse_table(name, "unreadable_table", detail) from error
    _check_names(rows.columns, name)
    # as if it were text: row 1 would be the header
    return FileTable(name, rows.with_row_index(SOURCE_ROW, offset=2).cast({SOURCE_ROW: pl.Int64}))


def _check_names(names: Collection[str], name: str) -> None:
    if SOURCE_ROW in names:
        detail = f"a column is called {SOURCE_ROW}, a name that roentgene needs itself"
        raise refuse_table(name, "unreadable_table", detail)
