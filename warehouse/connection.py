"""DuckDB with the lake attached: extensions from their wheels, no network, nothing automatic."""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path

import duckdb

from roentgene.queries import render
from roentgene.schemas.errors import WarehouseError
from roentgene.warehouse.layout import Layout
from roentgene.warehouse.lock import retry_while_busy

#: Alias of the lake. It is fixed, for an alias named like a schema makes names ambiguous.
LAKE = "lake"
# httpfs before anything encrypted, sqlite_scanner before the catalogue
_EXTENSIONS = ("httpfs", "sqlite_scanner", "ducklake")


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
        raise WarehouseError(msg, "Install roentgene again with its dependencies") from error
    resource = root / "extensions" / f"v{duckdb.__version__}" / f"{name}.duckdb_extension"
    with as_file(resource) as path:
        if not path.is_file():
            msg = f"the DuckDB extension {name} is not made for duckdb {duckdb.__version__}"
            raise WarehouseError(msg, "Install the duckdb version that roentgene pins")
        return path


def connect(layout: Layout) -> duckdb.DuckDBPyConnection:
    """Connect to an empty in-memory DuckDB that can attach a lake."""
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
    for name in _EXTENSIONS:
        con.execute(render.load_extension(extension_file(name)))
    return con


def attach(
    con: duckdb.DuckDBPyConnection, layout: Layout, *, read_only: bool, snapshot: int | None = None
) -> None:
    """Attach the lake of a folder as ``lake`` and make it the default.

    Raises
    ------
    WarehouseError
        If the catalogue cannot be opened; the cure is named.
    WarehouseBusyError
        If it stays locked.
    """
    statement = render.attach_lake(
        layout.catalogue, layout.data, LAKE, read_only=read_only, snapshot=snapshot
    )
    try:
        retry_while_busy(lambda: con.execute(statement))
    except duckdb.Error as error:
        raise _unusable(layout, error) from error
    con.execute(f"USE {render.identifier(LAKE)}")


def _unusable(layout: Layout, error: duckdb.Error) -> WarehouseError:
    if layout.hot_journal.exists():
        msg = "a writer was stopped inside its commit and left the catalogue to be rolled back"
        return WarehouseError(msg, "Run 'roentgene doctor' or the next ingest; nothing is lost")
    first_line = str(error).splitlines()[0]
    return WarehouseError(
        f"{layout.catalogue} cannot be opened: {first_line}", "Run 'roentgene doctor'"
    )
