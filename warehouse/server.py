"""A catalogue in PostgreSQL: how it is reached, whose turn it is to commit, what went wrong."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import duckdb

from roentgene.queries import render, render_database
from roentgene.queries.query_file import query_text
from roentgene.schemas.errors import WarehouseBusyError, WarehouseError
from roentgene.schemas.storage import Storage
from roentgene.warehouse import lock

_SERVER = "catalogue_server"
# what libpq and the server say, and what helps; the first that fits
_CURES = (
    ("password", "Put the password into ~/.pgpass or $PGPASSWORD; see docs/growing.md"),
    ("pg_hba.conf", "Let this machine and account in, in the server's pg_hba.conf"),
    ("role", "Make the account there, or name another with user= in study.yaml"),
    ("does not exist", "Make the database there, or correct study.yaml; see docs/growing.md"),
    ("permission denied", "Give the account the rights that docs/growing.md names"),
    ("certificate", "Check sslmode and sslrootcert in study.yaml"),
)
_LOST = (
    *("server closed the connection", "terminating connection", "connection not open"),
    *("no connection to the server", "could not receive data", "could not send data"),
    "unable to connect to postgres",
)


def connection_string(storage: Storage, **options: str | int) -> str:
    """Say in the words of libpq how the database is reached, without a password.

    Parameters
    ----------
    storage : Storage
        Settings.
    **options : str or int
        Settings of the session on the server.
    """
    seconds = math.ceil(storage.timeout_seconds)
    parameters = {
        "application_name": "roentgene",
        # a server that vanishes without a word is given up after the same time
        "connect_timeout": str(seconds),
        "keepalives_idle": str(seconds),
        "tcp_user_timeout": str(1000 * seconds),
        **storage.catalog_parameters,
    }
    session = {"search_path": storage.catalog_schema, **options}
    told = " ".join(f"-c {name}={value}" for name, value in session.items())
    given = " ".join(f"{name}={value}" for name, value in parameters.items())
    return f"{given} options='{told}'"


@contextmanager
def turn_to_commit(
    con: duckdb.DuckDBPyConnection, storage: Storage, deadline: float | None = None
) -> Iterator[Callable[[], None]]:
    """Hold the right to commit, which writers of all machines take in turn.

    It is an advisory lock of PostgreSQL: whoever dies or loses the connection loses it too.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        Connection to a DuckDB with the extension.
    storage : Storage
        Settings.
    deadline : float, optional
        Seconds to wait; ``lock.DEADLINE_SECONDS`` unless given.

    Yields
    ------
    callable
        Raises :class:`WarehouseError` where the right was lost; to be called before a COMMIT.

    Raises
    ------
    WarehouseBusyError
        If another process holds it past the deadline.
    WarehouseError
        If the server cannot be reached.
    """
    seconds = lock.DEADLINE_SECONDS if deadline is None else deadline
    patience = max(1, round(1000 * seconds))
    with server(
        con, storage, lock_timeout=patience, idle_in_transaction_session_timeout=0
    ) as session:
        # a transaction, so that all is asked of one connection: the one that holds the lock
        session.execute("BEGIN TRANSACTION")
        try:
            _wait_for_turn(session, storage)
            yield lambda: _refuse_lost_turn(session, storage)
        finally:
            # DuckDB 1.5.5 aborts the process where a transaction on a broken connection is closed
            with suppress(duckdb.Error):
                session.execute("ROLLBACK")


@contextmanager
def server(
    con: duckdb.DuckDBPyConnection, storage: Storage, **options: str | int
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Connect to the database itself.

    Raises
    ------
    WarehouseError
        If it cannot be reached.
    """
    try:
        con.execute(render_database.attach_server(connection_string(storage, **options), _SERVER))
    except duckdb.Error as error:
        raise unusable(storage, error) from error
    try:
        with con.cursor() as session:
            yield session
    finally:
        con.execute(render_database.detach(_SERVER, if_attached=True))


def _wait_for_turn(session: duckdb.DuckDBPyConnection, storage: Storage) -> None:
    try:
        _ask(session, "server/wait_for_turn")
    except duckdb.Error as error:
        if "lock timeout" in str(error):
            msg = f"another process is writing to {storage.catalog_name}"
            raise WarehouseBusyError(msg, "Wait until it has finished and try again") from error
        raise unusable(storage, error) from error


def make_schema(session: duckdb.DuckDBPyConnection, storage: Storage) -> None:
    """Make the schema of the catalogue if it is not there."""
    try:
        session.execute(render.create_schema(storage.catalog_schema, _SERVER))
    except duckdb.Error as error:
        raise unusable(storage, error) from error


def server_version(session: duckdb.DuckDBPyConnection) -> str:
    """Version of the server."""
    return str(_ask(session, "server/version"))


def holds_catalogue(session: duckdb.DuckDBPyConnection) -> bool:
    """Whether the schema holds tables of DuckLake."""
    return bool(_ask(session, "server/holds_catalogue"))


def holds_commits(session: duckdb.DuckDBPyConnection) -> bool:
    """Whether anything was ever committed to the catalogue that the schema holds."""
    return bool(_ask(session, "server/holds_commits"))


def _ask(session: duckdb.DuckDBPyConnection, query: str) -> object:
    """Ask the server for one value, in its own SQL."""
    sent = {"server": _SERVER, "sent": query_text(query)}
    (answer,) = session.execute(query_text("server/ask"), sent).fetchall()
    return answer[0]


def _refuse_lost_turn(session: duckdb.DuckDBPyConnection, storage: Storage) -> None:
    try:
        held = _ask(session, "server/has_turn")
    except duckdb.Error:
        held = False
    if not held:
        msg = f"nothing was committed: the connection to {storage.catalog_name} was lost"
        raise WarehouseError(msg, "Run the same command again")


def unusable(storage: Storage, error: duckdb.Error) -> WarehouseError:
    """Say what is wrong with the database, and the cure."""
    told = " ".join(str(error).split())
    if "does not exist - and creating" in told:
        msg = f"{storage.catalog_name} holds no catalogue in schema {storage.catalog_schema}"
        return WarehouseError(msg, "Correct storage in study.yaml; see docs/growing.md")
    # DuckDB repeats the whole connection string in front of what the server said
    begins = told.find("connection to server at")
    if begins < 0 and is_lost(error):
        msg = f"the connection to {storage.catalog_name} was lost"
        return WarehouseError(msg, "See that it runs, then run the same command again")
    reason = told[max(begins, 0) :]
    cure = next(
        (cure for words, cure in _CURES if words in reason),
        "See that it runs and that this machine may reach it; study.yaml says where it is",
    )
    return WarehouseError(f"{storage.catalog_name} cannot be used: {reason}", cure)


def is_lost(error: duckdb.Error) -> bool:
    """Whether the connection to the server has broken."""
    told = str(error).lower()
    return any(words in told for words in _LOST)
