"""Data files that are written here and not by DuckLake: many rows of texts that repeat.

DuckLake takes the texts of each row one by one, for a matrix of twenty million values fifteen
seconds of them. Their categories are what a Parquet file holds in the end, and can be written as
they are.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import pyarrow as pa

from roentgene.schemas.tables import Table

#: Rows from which on a file of one's own is worth it.
MANY_ROWS = 1_000_000

_ROW_GROUP = 1 << 20
_COMPRESSION_LEVEL = 1


def is_worth_a_file(declared: Table, rows: pa.Table) -> bool:
    """Whether rows are many, and stand in the file as they come: not in partitions, nor sorted."""
    laid_out = declared.partitioned_by or declared.sorted_by
    return rows.num_rows >= MANY_ROWS and not laid_out


def write_data_file(data: Path, declared: Table, rows: pa.Table) -> Path:
    """Write rows into a new Parquet file beside the table's others.

    Parameters
    ----------
    data : Path
        Folder with the data of the lake.
    declared : Table
        The table.
    rows : pyarrow.Table
        Its declared columns, in their order; texts may be categories.

    Returns
    -------
    Path
        The file; it belongs to nobody until the catalogue knows it.
    """
    import polars as pl

    folder = data / declared.schema / declared.name
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"written-{secrets.token_hex(16)}.parquet"
    try:
        with file.open("xb") as opened:
            pl.DataFrame(rows).write_parquet(
                opened,
                compression="zstd",
                compression_level=_COMPRESSION_LEVEL,
                row_group_size=_ROW_GROUP,
            )
            opened.flush()
            os.fsync(opened.fileno())
    except BaseException:
        file.unlink(missing_ok=True)
        raise
    return file
