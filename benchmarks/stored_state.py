"""What a warehouse says, as hashes that do not depend on when it came to be, or in what steps."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

from roentgene.queries import render
from roentgene.schemas.tables import Table, tables
from roentgene.warehouse.layout import Layout
from roentgene.warehouse.opening import open_warehouse
from roentgene.warehouse.releases.store import changed_files, list_releases, release_folder

#: Columns that say when, by which run, or after which commit.
PASSING = frozenset({"batch_id", "snapshot_id", "event_id", "message", "withdrawal_id"})
#: Tables with a row for every attempt, and those of the warehouse itself.
APART = frozenset({"ops.event", "ops.migration"})

State = dict[str, Any]


def lake_state(folder: Path) -> State:
    """State of the lake, as a reader sees it, with the releases that stand beside it.

    A release whose files are not those of its manifest is told as broken.
    """
    with open_warehouse(folder) as warehouse:
        told = _told(lambda sql: next(warehouse.rows(sql)))
    layout = Layout(folder)
    releases = {
        manifest.release: changed_files(release_folder(layout, manifest.id), manifest) or "whole"
        for manifest in list_releases(layout)
    }
    # the row of a release comes before its folder, and is nothing without it
    told.pop("ops.release")
    return {"tables": told, "releases": releases}


def file_state(file: Path) -> State:
    """State of the analyst's file."""
    with duckdb.connect(str(file), read_only=True) as con:
        told = _told(lambda sql: con.execute(sql).fetchall()[0])
    told.pop("ops.release")
    return {"tables": told}


def state_hash(state: State) -> str:
    """Hash of a state."""
    return hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()[:16]


def _told(one_row: Callable[[str], tuple[Any, ...]]) -> dict[str, list[str]]:
    return {
        name: [str(value) for value in one_row(_digest(table))]
        for name, table in tables().items()
        if name not in APART
    }


def _digest(table: Table) -> str:
    """Ask for the number of rows and the sum of their hashes: two of a row are not none."""
    names = [
        render.identifier(column.name)
        for column in table.columns
        if column.name not in PASSING and not column.type.startswith("TIMESTAMP")
    ]
    place = f"{render.identifier(table.schema)}.{render.identifier(table.name)}"
    hashed = f"sum(hash({', '.join(names)}))" if names else "0"
    return f"SELECT count(*), {hashed} FROM {place}"  # noqa: S608 - rendered names alone
