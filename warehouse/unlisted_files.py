"""Files of a transaction that came to nothing: where the disk is full, they must not keep it so."""

from __future__ import annotations

from pathlib import Path

import duckdb

from roentgene.queries.query_file import query_text

# a file system keeps the time of a file by a clock that is a little late
_LATE_NS = 1_000_000_000


def remove_unlisted(con: duckdb.DuckDBPyConnection, data: Path, since_ns: int) -> None:
    """Remove the files that were begun since a time and that no commit knows.

    DuckDB leaves what it had half written. The caller holds the writer's lock, so all of it was of
    its own transaction; what the catalogue lists stays, whatever the clock says.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        Connection with the lake attached, in no transaction.
    data : Path
        Folder with the data of the lake.
    since_ns : int
        When the transaction began, in nanoseconds.
    """
    listed = {path for _, path, _ in con.execute(query_text("warehouse/data_files")).fetchall()}
    for file in data.rglob("*.parquet"):
        is_late = file.stat().st_ctime_ns >= since_ns - _LATE_NS
        if is_late and file.relative_to(data).as_posix() not in listed:
            file.unlink()
