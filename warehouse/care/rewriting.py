"""Writing a warehouse anew without what was deleted: files, snapshots, statistics, catalogue.

Every step can be done again, so that whoever was stopped begins anew and nothing is torn.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing

from roentgene.queries.query_file import query_text
from roentgene.schemas.errors import WarehouseBusyError, WarehouseError
from roentgene.schemas.tables import tables
from roentgene.warehouse.connection import attach, detach
from roentgene.warehouse.layout import Layout
from roentgene.warehouse.store import Warehouse
from roentgene.warehouse.transaction import current_author

OnStep = Callable[[str], None]

_MESSAGE = "write files anew without what was erased"
# a reader holds the catalogue for moments only
_SECONDS = 30


def rewrite_lake(warehouse: Warehouse, on_step: OnStep) -> None:
    """Take deleted rows out of every file, and end every snapshot that still has them.

    Parameters
    ----------
    warehouse : Warehouse
        Open for writing.
    on_step : callable
        Told what is done next.
    """
    con = warehouse.connection
    on_step("files of tables")
    # first: done after the clean-up it would bring the rows back into a file
    con.execute(query_text("care/flush_inlined"))
    filled = warehouse.filled_tables()
    for name, table in tables().items():
        if name in filled:
            place = {"schema": table.schema, "table": table.name}
            with warehouse.transaction(current_author(), _MESSAGE) as tx:
                tx.execute_query("warehouse/rewrite_files", place)
    on_step("snapshots")
    ended = [snapshot.snapshot_id for snapshot in warehouse.snapshots()][:-1]
    if ended:
        con.execute(query_text("warehouse/expire_snapshots"), {"versions": ended})
    con.execute(query_text("care/remove_all_old_files"))
    con.execute(query_text("care/remove_all_orphans"))


def rewrite_catalogue(warehouse: Warehouse, on_step: OnStep) -> None:
    """Write the catalogue anew: what was deleted from it still stands in its free pages.

    Raises
    ------
    WarehouseBusyError
        If somebody reads it for too long.
    WarehouseError
        If it could not be written.
    """
    on_step("catalogue")
    detach(warehouse.connection)
    try:
        _vacuum(warehouse.layout)
    finally:
        attach(warehouse.connection, warehouse.layout, read_only=False)


def _vacuum(layout: Layout) -> None:
    try:
        with closing(sqlite3.connect(layout.catalogue, timeout=_SECONDS)) as catalogue:
            with catalogue:
                catalogue.execute(query_text("care/renew_statistics"))
            catalogue.execute("VACUUM")
    except sqlite3.OperationalError as error:
        if "locked" in str(error) or "busy" in str(error):
            msg = "the catalogue is read by others and could not be written anew"
            cure = "Close what reads it, then run 'roentgene erase --finish'"
            raise WarehouseBusyError(msg, cure) from error
        msg = f"the catalogue could not be written anew: {error}"
        raise WarehouseError(
            msg, "See to the space, then run 'roentgene erase --finish'"
        ) from error
