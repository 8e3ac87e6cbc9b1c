"""The head of a GCT file (Broad Institute): what it says of its rows and columns.

Version 1.2 has a name and a description before the values, 1.3 any number of annotations of its
rows, and of its columns in rows above the values.
"""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

from roentgene.ingest.tables.delimited import FileTable
from roentgene.ingest.tables.refusing import refuse_table

# how many numbers stand in the second line
_SIZES = {"#1.2": 2, "#1.3": 4}
# the two lines are far shorter
_LONGEST = 1000


@dataclass(frozen=True)
class GctHead:
    """What the first two lines say.

    Parameters
    ----------
    n_rows, n_samples : int
        Size of the matrix.
    n_row_annotations, n_column_annotations : int
        Columns between the names and the values, and rows between the header and the values.
    """

    n_rows: int
    n_samples: int
    n_row_annotations: int
    n_column_annotations: int


def read_gct_head(path: Path, name: str) -> GctHead:
    """Read the first two lines of a GCT file.

    Parameters
    ----------
    path : Path
        The file, ``.gz`` or not.
    name : str
        How messages call it.

    Raises
    ------
    TableRefusedError
        ``unreadable_table`` if they are not those of GCT 1.2 or 1.3.
    """
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rb") as file:
            first, second = (file.readline(_LONGEST).decode("utf-8", "replace") for _ in range(2))
    except (OSError, EOFError, zlib.error) as error:
        detail = f"it cannot be opened ({type(error).__name__})"
        raise refuse_table(name, "unreadable_table", detail) from error
    n_sizes = _SIZES.get(first.strip().removeprefix("\ufeff"))
    sizes = second.split()
    if n_sizes is None or len(sizes) < n_sizes or not all(s.isdecimal() for s in sizes[:n_sizes]):
        detail = "its first two lines are not those of GCT 1.2 or 1.3"
        raise refuse_table(name, "unreadable_table", detail, 1)
    numbers = [int(size) for size in sizes[:n_sizes]]
    if n_sizes == 2:
        # a description after the name, and nothing above the values
        numbers += [1, 0]
    return GctHead(*numbers)


def values_of_gct(read: FileTable, head: GctHead) -> tuple[FileTable, tuple[str, ...]]:
    """Take the annotations of the columns out, and tell the columns before the values.

    Returns
    -------
    FileTable
        The table, whose rows all hold values.
    tuple of str
        The column of the names, then those of the annotations of the rows.

    Raises
    ------
    TableRefusedError
        ``unreadable_table`` if the matrix has another size than the head says.
    """
    n_before = 1 + head.n_row_annotations
    columns = read.columns
    found = read.rows.height + read.n_left_out - head.n_column_annotations
    n_samples = len(columns) + len(read.ambiguous) - n_before
    if (found, n_samples) != (head.n_rows, head.n_samples):
        detail = (
            f"it says {head.n_rows} rows of {head.n_samples} samples and has {found} of {n_samples}"
        )
        raise refuse_table(read.name, "unreadable_table", detail, 2)
    rows = read.rows.slice(head.n_column_annotations)
    return replace(read, rows=rows), tuple(columns[:n_before])
