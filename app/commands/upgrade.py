"""``roentgene upgrade``: a warehouse of an earlier version gets the tables of this one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from roentgene.app.options import AsJson, WarehouseFolder
from roentgene.app.terminal import one_line, say, say_json

if TYPE_CHECKING:
    from roentgene.warehouse.upgrade import Upgrade


def upgrade(
    warehouse: WarehouseFolder = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Bring the tables of an earlier version to those of this one.

    A copy of the catalogue, which is all that changes, is kept first.
    """
    from roentgene.warehouse.upgrade import upgrade as bring_up

    done = bring_up(warehouse, dry_run=dry_run)
    if as_json:
        say_json({**vars(done), "is_needed": done.is_needed})
    else:
        say(*map(one_line, _lines(done)))


def _lines(done: Upgrade) -> Iterator[str]:
    if not done.is_needed:
        yield "Nothing to do: the warehouse is of this version"
        return
    would = "would be " if done.dry_run else ""
    if done.ducklake_before != done.ducklake_after:
        yield f"DuckLake {done.ducklake_before} {would}brought to {done.ducklake_after}"
    for name in done.migrations:
        yield f"migration {name} {would}applied"
    if done.views:
        yield f"views {would}deployed anew"
    if done.backup is not None:
        yield f"The catalogue as it was: {done.backup}"
