"""DuckDB with the lake attached: extensions from their wheels, no network, nothing automatic."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from importlib.resources import as_file, files
from pathlib import Path
from typing import TypeVar

import duckdb

from roentgene.queries import render, render_database
from roentgene.schemas.errors import CatalogueDamagedError, WarehouseError
from roentgene.schemas.storage import Storage
from roentgene.warehouse import object_store, server
from roentgene.warehouse.accidents import accident, damaged_catalogue
from roentgene.warehouse.layout import Layout
from roentgene.warehouse.lock import retry_while_busy

Answer = TypeVar("Answer")

#: Alias of the lake. It is fixed, for an alias named like a schema makes names ambiguous.
LAKE = "lake"
#: Form of DuckLake's own tables that the pinned extension reads and writes.
DUCKLAKE_VERSION = "1.0"
# httpfs before anything encrypted, sqlite_scanner before the catalogue
_EXTENSIONS = ("httpfs", "sqlite_scanner", "ducklake")
_SERVER_EXTENSION = "postgres_scanner"
_EMBEDDED = Storage()


def extension_file(name: str) -> Path:
    """File of a DuckDB extension as its wheel installed it.

    Raises
    ------
    WarehouseError
        If the wheel is missing or made for another DuckDB.
    """
    try:
        root = files(f"duckdb_extension_{name}")
    except ModuleNotFoundError as error:
        msg = f"the DuckDB extension {name} is not installed"
        cure = "Install roentgene again with its dependencies"
        if name == _SERVER_EXTENSION:
            cure = "pip install 'roentgene[growing]'"
        raise WarehouseError(msg, cure) from error
    resource = root / "extensions" / f"v{duckdb.__version__}" / f"{name}.duckdb_extension"
    with as_file(resource) as path:
        if not path.is_file():
            msg = f"the DuckDB extension {name} is not made for duckdb {duckdb.__version__}"
            raise WarehouseError(msg, "Install the duckdb version that roentgene pins")
        return path


def connect(layout: Layout, storage: Storage = _EMBEDDED) -> duckdb.DuckDBPyConnection:
    """Connect to an empty in-memory DuckDB that can attach a lake.

    Parameters
    ----------
    layout : Layout
        The warehouse.
    storage : Storage
        Where its catalogue and data lie.

    Raises
    ------
    WarehouseError
        If an extension is missing, made for another DuckDB, or damaged.
    """
    names = _EXTENSIONS if storage.catalog is None else (*_EXTENSIONS, _SERVER_EXTENSION)
    extensions = {name: extension_file(name) for name in names}
    con = duckdb.connect(
        ":memory:",
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
            "python_enable_replacements": "false",
            "temp_directory": str(layout.spill),
        },
    )
    with ExitStack() as stack:
        stack.enter_context(con)
        for name, file in extensions.items():
            _load(con, name, file)
        if storage.data is not None:
            object_store.let_in(con, storage)
        stack.pop_all()
    return con


def _load(con: duckdb.DuckDBPyConnection, name: str, file: Path) -> None:
    try:
        con.execute(render_database.load_extension(file))
    except duckdb.Error as error:
        msg = f"the DuckDB extension {name} cannot be loaded: {_first_line(error)}"
        raise WarehouseError(msg, "Install roentgene again with its dependencies") from error


def attach(
    con: duckdb.DuckDBPyConnection,
    layout: Layout,
    storage: Storage = _EMBEDDED,
    *,
    read_only: bool,
    snapshot: int | None = None,
    new: bool = False,
    migrate: bool = False,
) -> None:
    """Attach the lake of a warehouse as ``lake`` and make it the default.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        Connection to a DuckDB with the extensions.
    layout : Layout
        The warehouse.
    storage : Storage
        Where its catalogue and data lie.
    read_only : bool
        Whether nothing is to be written.
    snapshot : int, optional
        Snapshot to read at.
    new : bool
        Whether a catalogue is made in the database if there is none.
    migrate : bool
        Whether DuckLake's own tables, in a file, are brought to the form of this version.

    Raises
    ------
    WarehouseError
        If the catalogue cannot be opened; the cure is named.
    WarehouseBusyError
        If it stays locked.
    """
    attach_as(
        con,
        layout,
        storage,
        LAKE,
        read_only=read_only,
        snapshot=snapshot,
        new=new,
        migrate=migrate,
    )
    con.execute(f"USE {render.identifier(LAKE)}")


def attach_as(
    con: duckdb.DuckDBPyConnection,
    layout: Layout,
    storage: Storage,
    alias: str,
    *,
    read_only: bool,
    snapshot: int | None = None,
    new: bool = False,
    migrate: bool = False,
    catalogue: Path | None = None,
) -> None:
    """Attach a lake by another name, or by a catalogue that is not in its place yet."""
    if storage.catalog is None:
        statement = render_database.attach_lake(
            catalogue or layout.catalogue,
            data_place(layout, storage),
            alias,
            read_only=read_only,
            snapshot=snapshot,
            encrypted=storage.encrypted,
            migrate=migrate,
        )
    else:
        statement = render_database.attach_server_lake(
            server.connection_string(storage),
            storage.catalog_schema,
            data_place(layout, storage),
            alias,
            read_only=read_only,
            snapshot=snapshot,
            encrypted=storage.encrypted,
            new=new,
        )
    try:
        retry_while_busy(lambda: con.execute(statement))
    except duckdb.Error as error:
        raise _unusable(layout, storage, error) from error


def data_place(layout: Layout, storage: Storage) -> str:
    """Say where the data lie: a folder, or a prefix of a bucket; without a slash at the end."""
    return str(layout.data) if storage.data is None else f"s3://{storage.data_path}"


def detach(con: duckdb.DuckDBPyConnection) -> None:
    """Let the lake go, and every lock on its catalogue."""
    # where the catalogue is locked, a connection whose default the lake is cannot even leave it
    with con.cursor() as other:
        other.execute(render_database.detach(LAKE))
    con.execute("USE memory")


def detach_if_attached(con: duckdb.DuckDBPyConnection) -> None:
    """Let the lake go through a connection whose default it never was."""
    con.execute(render_database.detach(LAKE, if_attached=True))


def lake_cursor(con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Give a second connection to the same lake, at the same snapshot."""
    cursor = con.cursor()
    cursor.execute(f"USE {render.identifier(LAKE)}")
    return cursor


def ask(layout: Layout, storage: Storage, action: Callable[[], Answer]) -> Answer:
    """Do something with an attached lake; wait where a commit of another process is in the way.

    Raises
    ------
    WarehouseError
        If a writer was stopped inside its commit since the lake was attached, a file of data is
        missing or damaged, or the server that holds the catalogue was lost.
    WarehouseBusyError
        If the catalogue stays locked.
    duckdb.Error
        Whatever else is wrong.
    """
    try:
        return retry_while_busy(action)
    except duckdb.Error as error:
        lost = storage.catalog is not None and server.is_lost(error)
        if lost or _must_be_rolled_back(layout, error):
            raise _unusable(layout, storage, error) from error
        if storage.data is not None and object_store.concerns_store(error):
            raise object_store.unusable(storage, error) from error
        happened = accident(error)
        if happened is not None:
            raise happened from error
        raise


def _must_be_rolled_back(layout: Layout, error: duckdb.Error) -> bool:
    """Whether a reader met a hot journal, which SQLite can only roll back by writing."""
    return "readonly database" in str(error) and layout.hot_journal.exists()


def _unusable(layout: Layout, storage: Storage, error: duckdb.Error) -> WarehouseError:
    if "the database is not encrypted but" in str(error):
        msg = f"{layout.study} says that the data are encrypted, and they are not"
        cure = "Take 'encrypted' out of it, then run 'roentgene move --encrypt'"
        return WarehouseError(msg, cure)
    if storage.catalog is not None:
        return server.unusable(storage, error)
    if _must_be_rolled_back(layout, error):
        msg = "a writer was stopped inside its commit and left the catalogue to be rolled back"
        return WarehouseError(msg, "Run 'roentgene doctor' or the next ingest; nothing is lost")
    if "DuckLake catalog version mismatch" in str(error):
        msg = f"{layout.catalogue} has tables of another DuckLake than {DUCKLAKE_VERSION}"
        cure = (
            "Run 'roentgene upgrade', which keeps a copy first; of a newer one, upgrade roentgene"
        )
        return WarehouseError(msg, cure)
    happened = accident(error)
    if isinstance(happened, CatalogueDamagedError):
        return damaged_catalogue(_first_line(error), layout.catalogue)
    return happened or WarehouseError(
        f"{layout.catalogue} cannot be opened: {_first_line(error)}", "Run 'roentgene doctor'"
    )


def _first_line(error: duckdb.Error) -> str:
    return str(error).splitlines()[0]
