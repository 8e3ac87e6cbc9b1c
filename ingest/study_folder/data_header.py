"""The header of a data file, and single columns of it, without reading the rest."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

_TAB = "\t"


@dataclass(frozen=True)
class Header:
    """The header of a data file.

    Parameters
    ----------
    columns : tuple of str
        Its columns; none where the file is empty or cannot be read.
    line : int
        Its line.
    """

    columns: tuple[str, ...]
    line: int

    def first(self, *names: str) -> str | None:
        """Name the first of some columns that is there, whatever its case."""
        by_case = {column.casefold(): column for column in reversed(self.columns)}
        return next((by_case[n.casefold()] for n in names if n.casefold() in by_case), None)


def read_header(path: Path) -> Header:
    """Read the header of a data file: its first line that does not begin with ``#``."""
    *_, (number, line) = [(0, ""), *_first_lines(path)]
    if not line.strip() or line.startswith("#"):
        return Header((), number)
    return Header(tuple(cell.strip().strip('"') for cell in line.split(_TAB)), number)


def comment_lines(path: Path) -> list[str]:
    """Read the lines above the header, empty ones left out."""
    return [line for _, line in _first_lines(path) if line.startswith("#")]


def _first_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Lines up to the header, each with its number; what cannot be read has none."""
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        # letters of other encodings are told by the table that the file becomes
        with opener(path, "rt", encoding="utf-8-sig", errors="replace", newline="\n") as lines:
            for number, line in enumerate(lines, start=1):
                yield number, line.rstrip("\r\n")
                if line.strip() and not line.startswith("#"):
                    return
    except (OSError, EOFError, zlib.error):
        return


def distinct_cells(path: Path, header: Header, column: str) -> pl.DataFrame:
    """Read one column of a data file.

    Parameters
    ----------
    path : Path
        The file.
    header : Header
        Its header.
    column : str
        One of its columns.

    Returns
    -------
    polars.DataFrame
        ``line`` and ``cell``: each content that is not empty, with the line on which it stands
        first. Empty where the file cannot be read: the table that it becomes says why.
    """
    place = f"column_{header.columns.index(column) + 1}"
    try:
        cells = pl.read_csv(
            path,
            separator=_TAB,
            has_header=False,
            skip_lines=header.line,
            columns=[place],
            schema={f"column_{n}": pl.String for n in range(1, len(header.columns) + 1)},
            quote_char=None,
            truncate_ragged_lines=True,
            raise_if_empty=False,
        )
    except (OSError, pl.exceptions.PolarsError):
        cells = pl.DataFrame(schema={place: pl.String})
    return (
        cells.select(
            line=pl.int_range(pl.len()) + header.line + 1,
            cell=pl.col(place).str.strip_chars().str.strip_chars('"'),
        )
        .filter(pl.col("cell") != "")
        .unique("cell", keep="first", maintain_order=True)
    )


def sample_columns(header: Header, besides: Collection[str]) -> list[str]:
    """Columns of a matrix that are samples: all that are not named otherwise."""
    others = {name.casefold() for name in besides}
    return [column for column in header.columns if column and column.casefold() not in others]
