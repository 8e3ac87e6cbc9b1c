"""One transaction: everything of a batch or a run, with its author and message, or nothing."""

from __future__ import annotations

import getpass
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from roentgene.queries import render
from roentgene.queries.query_file import query_text
from roentgene.schemas.errors import DiskFullError, WarehouseBusyError, WarehouseError
from roentgene.schemas.tables import Table, table
from roentgene.warehouse.accidents import accident
from roentgene.warehouse.data_file import is_worth_a_file, write_data_file
from roentgene.warehouse.lock import is_busy, retry_while_busy
from roentgene.warehouse.unlisted_files import remove_unlisted

AUTHOR_VARIABLE = "ROENTGENE_AUTHOR"
_STAGED = "staged_rows"
_PROGRAM = "roentgene"


def current_author() -> str:
    """Account in whose name things are committed: ``$ROENTGENE_AUTHOR``, else the login.

    Raises
    ------
    WarehouseError
        If the account has no name, as happens in containers.
    """
    try:
        return os.environ.get(AUTHOR_VARIABLE) or getpass.getuser()
    except (KeyError, OSError) as error:
        msg = "the account that would commit has no name"
        raise WarehouseError(msg, f"Say who you are: set ${AUTHOR_VARIABLE}") from error


def program() -> str:
    """Name and version of what commits; it stands in the extra information of each snapshot."""
    return f"{_PROGRAM} {version(_PROGRAM)}"


class Transaction:
    """A running transaction; rows come as Arrow tables with the declared columns.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        Connection with the lake attached.
    data : Path, optional
        Folder in which many rows are written straight into a file; without it DuckLake writes all.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, data: Path | None = None) -> None:
        self._con = con
        self._data = data
        self._files: list[Path] = []

    def insert(self, full_name: str, rows: pa.Table) -> int:
        """Append rows to a table; give back how many."""
        declared = table(full_name)
        if rows.num_rows == 0:
            return 0
        rows = rows.select(declared.arrow_schema.names)
        if self._data is not None and is_worth_a_file(declared, rows):
            self._add_file(declared, write_data_file(self._data, declared, rows))
            return int(rows.num_rows)
        with self._registered(rows):
            self._con.execute(render.insert_rows(declared, _STAGED))
        return int(rows.num_rows)

    def _add_file(self, declared: Table, file: Path) -> None:
        self._files.append(file)
        place = {"schema": declared.schema, "table": declared.name, "file": str(file)}
        self.execute_query("warehouse/add_data_file", place)

    def discard_files(self) -> None:
        """Remove the files that were written, for the transaction was rolled back."""
        for file in self._files:
            file.unlink(missing_ok=True)

    def replace(self, full_name: str, rows: pa.Table, *, ignore: tuple[str, ...] = ()) -> int:
        """Write rows over those of the same key; unchanged ones are left alone.

        Parameters
        ----------
        full_name : str
            Table.
        rows : pyarrow.Table
            Rows, one a key.
        ignore : tuple of str
            Columns in which a row may differ and still counts as unchanged.

        Returns
        -------
        int
            Number of rows that are new or changed.
        """
        changed = self.changed(full_name, rows, ignore=ignore)
        if changed.num_rows == 0:
            return 0
        self.delete(full_name, changed)
        return self.insert(full_name, changed)

    def changed(self, full_name: str, rows: pa.Table, *, ignore: tuple[str, ...] = ()) -> pa.Table:
        """Rows that the table does not hold in the same form."""
        return changed_rows(self._con, table(full_name), rows, ignore)

    def delete(self, full_name: str, keys: pa.Table) -> None:
        """Delete the rows whose key stands in ``keys``."""
        declared = table(full_name)
        with self._registered(keys.select(list(declared.key))):
            self._con.execute(render.delete_keys(declared, _STAGED))

    def delete_linked(self, full_name: str, links: Sequence[render.Link]) -> None:
        """Delete the rows of a table that a row of a registered relation leads to."""
        self._con.execute(render.delete_linked(table(full_name), links))

    def execute_query(self, name: str, parameters: Mapping[str, Any] | None = None) -> None:
        """Run a statement of ``queries/`` with bound parameters."""
        self._con.execute(query_text(name), dict(parameters) if parameters else None)

    def execute_statement(self, statement: str) -> None:
        """Run a rendered DDL statement."""
        self._con.execute(statement)

    def arrow(self, sql: str, parameters: Mapping[str, Any] | None = None) -> pa.Table:
        """Read within the transaction."""
        cursor = self._con.execute(sql, dict(parameters) if parameters else None)
        return cursor.to_arrow_table()

    @contextmanager
    def _registered(self, rows: pa.Table) -> Iterator[None]:
        self._con.register(_STAGED, rows)
        try:
            yield
        finally:
            self._con.unregister(_STAGED)


def changed_rows(
    con: duckdb.DuckDBPyConnection, declared: Table, rows: pa.Table, ignore: tuple[str, ...] = ()
) -> pa.Table:
    """Rows that a stored table does not hold in the same form; ``batch_id`` never counts."""
    if rows.num_rows == 0:
        return rows
    numbered = rows.append_column("row_index", pa.array(np.arange(rows.num_rows)))
    con.register(_STAGED, numbered)
    try:
        statement = render.unchanged_rows(declared, _STAGED, (*ignore, "batch_id"))
        unchanged = con.execute(statement).to_arrow_table()["row_index"]
    finally:
        con.unregister(_STAGED)
    if len(unchanged) == 0:
        return rows
    keep = np.ones(rows.num_rows, dtype=bool)
    keep[unchanged.to_numpy()] = False
    return rows.filter(pa.array(keep))


@contextmanager
def transaction(
    con: duckdb.DuckDBPyConnection,
    author: str,
    message: str,
    renew: Callable[[], None],
    data: Path | None = None,
    confirm: Callable[[], None] | None = None,
    *,
    own_files: bool = True,
) -> Iterator[Transaction]:
    """Run a transaction on the lake; any error rolls everything back.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        Connection with the lake attached for writing.
    author, message : str
        What the snapshot will say.
    renew : callable
        Attaches the lake anew. It is called where a COMMIT failed, for that leaves the catalogue
        locked for everybody, this process included, until the lake is detached.
    data : Path, optional
        Folder with the data of the lake; left out, they lie elsewhere.
    confirm : callable, optional
        Called before the COMMIT; what it raises rolls everything back.
    own_files : bool
        Whether many rows are written straight into a file of that folder.

    Raises
    ------
    WarehouseBusyError
        If another process was in the way for too long; nothing was committed.
    WarehouseError
        If the commit failed otherwise; nothing was committed.
    """
    since_ns = time.time_ns()
    retry_while_busy(lambda: _begin(con, author, message))
    running = Transaction(con, data if own_files else None)
    try:
        yield running
        _refuse_aborted(con)
        if confirm is not None:
            confirm()
    except BaseException as error:
        _roll_back(con)
        running.discard_files()
        _make_room(con, data, since_ns, error)
        raise
    try:
        con.execute("COMMIT")
    except BaseException as error:
        renew()
        _make_room(con, data, since_ns, error)
        if isinstance(error, duckdb.Error):
            raise _not_committed(error) from error
        raise


def _make_room(
    con: duckdb.DuckDBPyConnection, data: Path | None, since_ns: int, error: BaseException
) -> None:
    """Where the disk was full, remove what was written for nothing."""
    full = isinstance(error, duckdb.Error) and isinstance(accident(error), DiskFullError)
    if full and data is not None:
        remove_unlisted(con, data, since_ns)


def _begin(con: duckdb.DuckDBPyConnection, author: str, message: str) -> None:
    con.execute("BEGIN TRANSACTION")
    try:
        said = {"author": author, "message": message, "program": program()}
        con.execute(query_text("warehouse/set_commit_message"), said)
    except BaseException:
        _roll_back(con)
        raise


def _refuse_aborted(con: duckdb.DuckDBPyConnection) -> None:
    """Find out that an error inside was passed over: COMMIT would drop all without a word."""
    try:
        con.execute("SELECT 1")
    except duckdb.TransactionException as error:
        raise _not_committed(error) from error


def _roll_back(con: duckdb.DuckDBPyConnection) -> None:
    # where the error has ended the transaction already, that error is the one to tell
    with suppress(duckdb.TransactionException):
        con.execute("ROLLBACK")


def _not_committed(error: duckdb.Error) -> WarehouseError:
    cause = str(error).strip().splitlines()[-1]
    msg = f"nothing was committed: {cause}"
    if is_busy(error):
        return WarehouseBusyError(msg, "Wait until nobody reads or writes, and run it again")
    happened = accident(error)
    if happened is not None:
        return type(happened)(f"nothing was committed: {happened.message}", happened.cure)
    return WarehouseError(msg, "Run 'roentgene doctor', then the same command again")
