"""The analyst's file is renewed after every commit."""

from __future__ import annotations

import duckdb

from roentgene.queries.registry import query_text
from roentgene.warehouse.connection import LAKE
from roentgene.warehouse.migrate import views_to_publish
from roentgene.warehouse.publishing import publish
from roentgene.warehouse.store import Warehouse


def renew(warehouse: Warehouse) -> None:
    """Publish what was just committed, unless ``study.yaml`` says that nothing is published.

    Parameters
    ----------
    warehouse : Warehouse
        The warehouse, still open for writing.

    Raises
    ------
    WarehouseError
        If the file could not be made; what was committed is safe.
    """
    if warehouse.study.publish:
        views = views_to_publish(warehouse.study)
        filled = warehouse.filled_tables()
        publish(warehouse.connection, LAKE, warehouse.layout.published, views, filled)


def catch_up(warehouse: Warehouse) -> bool:
    """Publish what an earlier process committed and was stopped before it published.

    Parameters
    ----------
    warehouse : Warehouse
        The warehouse, open for writing.

    Returns
    -------
    bool
        Whether the file was behind, or could not be read.
    """
    n_batches = next(warehouse.rows(query_text("warehouse/batch_count")))[0]
    if not warehouse.study.publish or not n_batches:
        return False
    try:
        behind = not is_current(warehouse)
    except duckdb.Error:
        behind = True
    if behind:
        renew(warehouse)
    return behind


def is_current(warehouse: Warehouse) -> bool:
    """Whether the file is of the last commit.

    It may be older, for whoever commits may be stopped before the file is made.

    Raises
    ------
    duckdb.Error
        If there is a file that cannot be read.
    """
    file = warehouse.layout.published
    if not file.is_file():
        return False
    state = query_text("warehouse/commit_state")
    with duckdb.connect(str(file), read_only=True) as con:
        return con.execute(state).fetchall() == list(warehouse.rows(state))
