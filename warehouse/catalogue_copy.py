"""A copy of a catalogue, row by row, and the proof that it tells the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import duckdb
import pyarrow as pa

from roentgene.queries import render, render_database
from roentgene.queries.query_file import query_text
from roentgene.schemas.errors import WarehouseError
from roentgene.schemas.storage import Storage
from roentgene.schemas.tables import tables
from roentgene.warehouse.connection import LAKE, attach_as, data_place
from roentgene.warehouse.recoding import Recoded, StoredFile, with_recoded
from roentgene.warehouse.store import Warehouse

OnStep = Callable[[str, int, int], None]

#: Alias of the lake at its new place.
MOVED = "moved"
# of DuckLake 1.0; DuckDB lists none of them, for the database that holds them is hidden
_TABLES = tuple(
    f"ducklake_{name}"
    for name in (
        *("column", "column_mapping", "column_tag", "data_file", "delete_file"),
        *("file_column_stats", "file_partition_value", "file_variant_stats"),
        *("files_scheduled_for_deletion", "macro", "macro_impl", "macro_parameters", "metadata"),
        *("name_mapping", "partition_column", "partition_info", "schema", "schema_versions"),
        *("snapshot", "snapshot_changes", "sort_expression", "sort_info", "table"),
        *("table_column_stats", "table_stats", "tag", "view"),
    )
)


def copy_catalogue(
    warehouse: Warehouse,
    con: duckdb.DuckDBPyConnection,
    target: Storage,
    place: Path,
    told: OnStep,
    recoded: Mapping[StoredFile, Recoded],
) -> None:
    """Make an empty lake at the new place, and put our rows in the place of its own.

    Parameters
    ----------
    warehouse : Warehouse
        The warehouse as it is.
    con : duckdb.DuckDBPyConnection
        Connection to a DuckDB that can attach the new form.
    target : Storage
        Where catalogue and data are to lie.
    place : Path
        File of the catalogue, where it is one.
    told : callable
        Told what is being done, how much of it is done, and how much there is.
    recoded : mapping
        Files that were written anew, and what they became.

    Raises
    ------
    WarehouseError
        If the catalogue holds what cannot be copied.
    """
    layout = warehouse.layout
    attach_as(con, layout, target, MOVED, catalogue=place, read_only=False, new=True)
    if _rows(warehouse, "ducklake_inlined_data_tables").num_rows:
        msg = "the catalogue itself holds rows of tables, which roentgene never puts there"
        raise WarehouseError(msg, "Nothing was changed; please report it")
    con.execute("BEGIN TRANSACTION")
    for number, name in enumerate(_TABLES, 1):
        told("copy catalogue", number, len(_TABLES))
        con.execute(render.delete_from(f"__ducklake_metadata_{MOVED}", name))
        con.register("rows_of_catalogue", with_recoded(_rows(warehouse, name), name, recoded))
        con.execute(
            render.insert_by_name(f"__ducklake_metadata_{MOVED}", name, "rows_of_catalogue")
        )
        con.unregister("rows_of_catalogue")
    con.execute(
        query_text("server/tell_place"),
        {
            "place": f"{data_place(layout, target)}/",
            "encrypted": str(target.encrypted).lower(),
        },
    )
    con.execute("COMMIT")
    con.execute(render_database.detach(MOVED))


def compare(
    warehouse: Warehouse,
    con: duckdb.DuckDBPyConnection,
    target: Storage,
    place: Path,
    told: OnStep,
) -> int:
    """Read every table at both places, now and as of each release, and compare.

    Takes what :func:`copy_catalogue` takes, and gives the number of rows as of now.

    Raises
    ------
    WarehouseError
        If a table is not the same.
    """
    layout = warehouse.layout
    attach_as(con, layout, target, MOVED, catalogue=place, read_only=True)
    released = warehouse.rows(query_text("warehouse/released_snapshots"))
    pins = [warehouse.snapshot_id, *sorted({number for (number,) in released})]
    n_rows = 0
    for number, name in enumerate(tables(), 1):
        told("compare", number, len(tables()))
        for pin in pins:
            schema, table = name.split(".")
            here = _content(warehouse.connection, LAKE, schema, table, pin)
            there = _content(con, MOVED, schema, table, pin)
            if here != there:
                msg = f"{name} at snapshot {pin} is not the same at its new place"
                raise WarehouseError(msg, "The former place stays in use; please report it")
            n_rows += here[0] if here is not None and pin == pins[0] else 0
    con.execute(render_database.detach(MOVED))
    return n_rows


def count_catalogue(warehouse: Warehouse) -> int:
    """Read every row of a catalogue, and give their number.

    A server finds a broken page where it keeps checksums of them.

    Raises
    ------
    WarehouseError
        If a server is lost meanwhile.
    duckdb.Error
        If a row cannot be read.
    """
    return sum(_rows(warehouse, name).num_rows for name in _TABLES)


def _rows(warehouse: Warehouse, name: str) -> pa.Table:
    return warehouse.arrow(render.select_all(f"__ducklake_metadata_{LAKE}", name))


def _content(
    con: duckdb.DuckDBPyConnection, lake: str, schema: str, table: str, snapshot: int
) -> tuple[int, int] | None:
    """Count and hash of all rows in any order; None where the table did not exist then."""
    try:
        statement = render.content_of(lake, schema, table, snapshot)
        count, content = con.execute(statement).fetchall()[0]
    except duckdb.CatalogException:
        return None
    return int(count), int(content)
