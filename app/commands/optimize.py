"""``roentgene optimize``: many small commits become as quick to read as one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from roentgene.app.options import AsJson, WarehouseFolder
from roentgene.app.terminal import counted, note, one_line, say, say_json

if TYPE_CHECKING:
    from roentgene.warehouse.compaction import Optimization


def optimize(
    warehouse: WarehouseFolder = None,
    expire_older_than: Annotated[
        float | None,
        typer.Option(
            "--expire-older-than",
            metavar="DAYS",
            min=0,
            help="Let older snapshots expire; those of releases stay. Without it, none expires.",
        ),
    ] = None,
    keep: Annotated[
        list[int] | None,
        typer.Option("--keep", metavar="SNAPSHOT", help="Keep a snapshot too."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Compact the files of many small commits, and remove what no snapshot needs."""
    from roentgene.warehouse.compaction import optimize as compact

    def tell(table: str, number: int, n_tables: int) -> None:
        note(one_line(f"{number} of {n_tables}: {table}"))

    done = compact(
        warehouse,
        expire_older_than=expire_older_than,
        keep=keep or (),
        dry_run=dry_run,
        on_table=None if as_json else tell,
    )
    if as_json:
        say_json(done)
    else:
        say(*(one_line(line) for line in _lines(done)))


def _lines(done: Optimization) -> Iterator[str]:
    would = "would be " if done.dry_run else ""
    after = {files.table: files for files in done.after}
    for before in done.before:
        now = after.get(before.table)
        left = f" -> {now.n_files}" if now is not None and not done.dry_run else ""
        deletes = f", {counted(before.n_deletes, 'file')} of deletes" if before.n_deletes else ""
        yield f"{before.table}: {before.n_files}{left} {would}merged{deletes}"
    if not done.before:
        yield "Nothing to merge"
    for snapshot in done.expired:
        at = snapshot.committed_at.isoformat(timespec="seconds")
        number = f"snapshot {snapshot.snapshot_id} of {at}"
        yield f"{number} {would or 'has '}expired: {snapshot.message or 'empty'}"
    if done.expired:
        lost = counted(len(done.expired), "snapshot")
        yield f"The warehouse cannot be opened any more as of {lost}; ops.batch still tells them"
    if done.kept:
        yield f"kept for releases or by --keep: {', '.join(map(str, done.kept))}"
    if not done.dry_run:
        yield f"{counted(done.n_removed, 'file')} removed"
