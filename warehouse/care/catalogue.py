"""The catalogue as a database of SQLite: copied whole, checked, and asked for the files it lists.

DuckDB is not needed for any of it, and what DuckDB cannot open can still be looked at.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from roentgene.queries.query_file import query_text
from roentgene.schemas.errors import DiskFullError, WarehouseBusyError, WarehouseError
from roentgene.warehouse.accidents import damaged_catalogue

_SECONDS_TO_WAIT = 30.0


@dataclass(frozen=True)
class ListedFile:
    """A file that the catalogue lists.

    Parameters
    ----------
    path : str
        Its place below the data folder, with slashes.
    table : str
        Full name of its table.
    n_bytes : int
        Size that the catalogue knows.
    n_rows : int
        Rows that the catalogue knows, or deleted rows.
    """

    path: str
    table: str
    n_bytes: int
    n_rows: int


@contextmanager
def _opened(catalogue: Path) -> Iterator[sqlite3.Connection]:
    """Open a catalogue; SQLite rolls back what a killed writer left. It is never made."""
    try:
        where = f"{catalogue.as_uri()}?mode=rw"
        with closing(sqlite3.connect(where, uri=True, timeout=_SECONDS_TO_WAIT)) as con:
            yield con
    except sqlite3.Error as error:
        raise _of_sqlite(catalogue, error) from error


def _of_sqlite(catalogue: Path, error: sqlite3.Error) -> WarehouseError:
    reason = str(error)
    if "locked" in reason:
        msg = "the catalogue stayed locked by another process"
        return WarehouseBusyError(msg, "Wait until it has finished and try again")
    if "disk is full" in reason:
        msg = "no space is left to copy the catalogue"
        return DiskFullError(msg, "Make room on the disk and run it again; nothing was lost")
    return damaged_catalogue(reason, catalogue)


def copy_catalogue(catalogue: Path, target: Path) -> int:
    """Copy a catalogue by SQLite's own backup; give the number of its last snapshot.

    The copy holds no page that is not in use, and forgets the files that no snapshot needs.

    Parameters
    ----------
    catalogue : Path
        The catalogue; it may be in use.
    target : Path
        A file that does not exist.

    Raises
    ------
    CatalogueDamagedError
        If the catalogue or the copy is not whole.
    WarehouseBusyError
        If somebody keeps it locked.
    """
    with _opened(catalogue) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
        copy.execute(query_text("care/forget_scheduled_files"))
        copy.commit()
        copy.execute("VACUUM")
    check_catalogue(target)
    with _opened(target) as copy:
        (snapshot_id,) = copy.execute(query_text("warehouse/last_commit")).fetchone()
    return int(snapshot_id)


def check_catalogue(catalogue: Path) -> None:
    """Let SQLite read every page of a catalogue.

    Raises
    ------
    CatalogueDamagedError
        If it finds a fault.
    """
    with _opened(catalogue) as con:
        faults = [fault for (fault,) in con.execute("PRAGMA integrity_check")]
    if faults != ["ok"]:
        raise damaged_catalogue(faults[0], catalogue)


def listed_files(catalogue: Path) -> list[ListedFile]:
    """Files that a catalogue lists for any of its snapshots.

    Raises
    ------
    CatalogueDamagedError
        If it cannot be read.
    WarehouseError
        If it lists a file that does not lie in its data folder.
    """
    with _opened(catalogue) as con:
        rows = con.execute(query_text("care/catalogue_files")).fetchall()
    for is_relative, path, *_ in rows:
        if not is_relative or ".." in PurePosixPath(path).parts:
            msg = f"{path} lies outside the data folder of its warehouse"
            raise WarehouseError(msg, "Only what lies in the folder can be looked after with it")
    return [ListedFile(path, table, size, n) for _, path, table, size, n in rows]


def scheduled_files(catalogue: Path) -> frozenset[str]:
    """Places of the files that no snapshot needs any more and that are still there."""
    with _opened(catalogue) as con:
        rows = con.execute(query_text("care/scheduled_files")).fetchall()
    return frozenset(path for (path,) in rows)
