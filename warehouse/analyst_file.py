"""What is published is renewed after every commit: the analyst's file, and Parquet if asked."""

from __future__ import annotations

from pathlib import Path

import duckdb

from roentgene.queries.query_file import query_text
from roentgene.warehouse.connection import LAKE
from roentgene.warehouse.migrate import views_to_publish
from roentgene.warehouse.parquet_copy import is_current_copy, publish_parquet
from roentgene.warehouse.published_state import forget_file, forget_state
from roentgene.warehouse.publishing import publish
from roentgene.warehouse.store import Warehouse
from roentgene.warehouse.table_states import table_states


def renew(warehouse: Warehouse) -> None:
    """Publish what was just committed, as ``study.yaml`` says.

    Parameters
    ----------
    warehouse : Warehouse
        The warehouse, still open for writing.

    Raises
    ------
    WarehouseError
        If the file could not be made; what was committed is safe.
    """
    renew_file(warehouse)
    if warehouse.study.publish_parquet is not None:
        publish_parquet(warehouse, _parquet_folder(warehouse, warehouse.study.publish_parquet))


def renew_file(warehouse: Warehouse) -> None:
    """Publish the analyst's file alone, if ``study.yaml`` asks for one.

    Raises
    ------
    WarehouseError
        If the file could not be made; what was committed is safe.
    """
    if not warehouse.study.publish:
        return
    views = views_to_publish(warehouse.study)
    states = table_states(warehouse)
    target = warehouse.layout.published
    publish(warehouse.connection, LAKE, target, views, frozenset(states), states)


def publish_anew(warehouse: Warehouse) -> None:
    """Publish without taking anything from the former copies, which go: they hold what was erased.

    A native file keeps what was dropped from it in its free blocks, so it is written whole. Whoever
    reads meanwhile finds the former copy or the new one.

    Raises
    ------
    WarehouseError
        As :func:`renew`.
    """
    if warehouse.study.publish:
        forget_state(warehouse.layout.published)
    else:
        forget_file(warehouse.layout.published)
    renew_file(warehouse)
    if warehouse.study.publish_parquet is not None:
        folder = _parquet_folder(warehouse, warehouse.study.publish_parquet)
        publish_parquet(warehouse, folder, anew=True)


def _parquet_folder(warehouse: Warehouse, declared: str) -> Path:
    """Folder that study.yaml names; one that is not absolute lies within the warehouse."""
    return warehouse.folder / declared


def catch_up(warehouse: Warehouse) -> bool:
    """Publish what an earlier process committed and was stopped before it published.

    Parameters
    ----------
    warehouse : Warehouse
        The warehouse, open for writing.

    Returns
    -------
    bool
        Whether file or Parquet were behind, or could not be read.
    """
    n_batches = next(warehouse.rows(query_text("warehouse/batch_count")))[0]
    if not n_batches:
        return False
    behind = is_behind(warehouse) or _copy_is_behind(warehouse)
    if behind:
        renew(warehouse)
    return behind


def is_behind(warehouse: Warehouse) -> bool:
    """Whether there should be a file and it is not of the last commit, or cannot be read."""
    try:
        return warehouse.study.publish and not is_current(warehouse)
    except duckdb.Error:
        return True


def _copy_is_behind(warehouse: Warehouse) -> bool:
    declared = warehouse.study.publish_parquet
    return declared is not None and not is_current_copy(
        warehouse, _parquet_folder(warehouse, declared)
    )


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
