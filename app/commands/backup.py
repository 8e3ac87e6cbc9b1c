"""``roentgene backup``: copies of a warehouse that share what has not changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from roentgene.app.options import AsJson, WarehouseFolder
from roentgene.app.terminal import counted, one_line, say, say_json, table_lines

if TYPE_CHECKING:
    from roentgene.warehouse.care.backup import BackupReport
    from roentgene.warehouse.care.backup_state import BackupState, Pruning

_DAMAGED = 3
BackupFolder = Annotated[Path, typer.Argument(metavar="DIR", help="Folder of backups.")]


class _MakeByDefault(TyperGroup):
    """``backup DIR`` is ``backup make DIR``; a folder called ``list`` is ``./list``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the command in front that is meant where none is named."""
        meant = not args or args[0] in {*self.commands, *ctx.help_option_names}
        return super().parse_args(ctx, args if meant else ["make", *args])


app = typer.Typer(
    cls=_MakeByDefault,
    help="Copies of a warehouse that share what has not changed; 'backup DIR' makes one.",
    no_args_is_help=True,
)


@app.command()
def make(folder: BackupFolder, warehouse: WarehouseFolder = None, as_json: AsJson = False) -> None:
    """Make a backup, and read it again.

    It holds the settings, the catalogue, the data, releases and reports: neither keys, which lie
    outside a warehouse, nor the analyst's file, which 'restore' makes anew.
    """
    from roentgene.app.file_progress import shown_files
    from roentgene.warehouse.care.backup import back_up
    from roentgene.warehouse.layout import find_warehouse

    with shown_files("backing up") as show:
        made = back_up(find_warehouse(warehouse), folder, show)
    if as_json:
        say_json(made)
    else:
        say(*(one_line(line) for line in _made_lines(made)))


def _made_lines(made: BackupReport) -> Iterator[str]:
    if made.is_first:
        yield f"{made.folder} is a new folder of backups"
    whole = f"{counted(made.n_files, 'file')}, {counted(made.n_bytes, 'byte')}"
    new = f"{counted(made.n_new, 'file')} of {counted(made.n_new_bytes, 'byte')} were new"
    yield f"Backup {made.backup} of snapshot {made.snapshot_id}: {whole}; {new}, and read again"


@app.command("list")
def list_all(folder: BackupFolder, as_json: AsJson = False) -> None:
    """List the backups in a folder, and whether all their files are there.

    One that precedes an erasure still holds who was erased.
    """
    from roentgene.warehouse.care.backup_state import list_backups
    from roentgene.warehouse.care.backup_store import find_store

    _tell(list_backups(find_store(folder)), as_json=as_json)


@app.command()
def verify(
    folder: BackupFolder,
    backup: Annotated[
        list[str] | None, typer.Argument(metavar="[BACKUP]...", help="Some; by default all.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read every file of backups again, and compare it with its hash."""
    from roentgene.app.file_progress import shown_files
    from roentgene.warehouse.care.backup_state import verify_backups
    from roentgene.warehouse.care.backup_store import find_store

    with shown_files("reading") as show:
        found = verify_backups(find_store(folder), backup or (), show)
    _tell(found, as_json=as_json)
    if any(state.fault for state in found):
        raise typer.Exit(_DAMAGED)


def _tell(found: list[BackupState], *, as_json: bool) -> None:
    if as_json:
        say_json([{**asdict(state), "whole": not state.fault} for state in found])
        return
    if not found:
        say("There is no backup that was finished: 'roentgene backup DIR' makes one.")
        return
    columns = ("backup", "study", "snapshot_id", "n_files", "n_bytes")
    rows = [
        [*(getattr(state, name) for name in columns), state.fault or "whole", _erasures(state)]
        for state in found
    ]
    say(*table_lines((*columns, "state", "erasures"), rows))


def _erasures(state: BackupState) -> str:
    return f"before {counted(len(state.precedes), 'erasure')}" if state.precedes else ""


@app.command()
def prune(
    folder: BackupFolder,
    backup: Annotated[
        list[str] | None, typer.Argument(metavar="[BACKUP]...", help="Backups to remove.")
    ] = None,
    keep: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Remove all but the last N.")
    ] = None,
    before_erasure: Annotated[
        bool, typer.Option("--before-erasure", help="Remove those that hold who was erased.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Remove backups, and every file that no other backup holds."""
    from roentgene.warehouse.care.backup_state import prune as remove
    from roentgene.warehouse.care.backup_state import withdrawals_after
    from roentgene.warehouse.care.backup_store import find_store

    store = find_store(folder)
    unwanted = set(backup or ())
    if keep is not None:
        unwanted |= set(store.names()[:-keep])
    if before_erasure:
        unwanted |= set(withdrawals_after(store))
    done = remove(store, unwanted, dry_run=dry_run)
    if as_json:
        say_json(done)
    else:
        say(*(one_line(line) for line in _pruned_lines(done)))


def _pruned_lines(done: Pruning) -> Iterator[str]:
    would = "would be " if done.dry_run else ""
    yield from (f"{name} {would}removed" for name in done.removed)
    size = f"{counted(done.n_contents, 'file')} of {counted(done.n_bytes, 'byte')}"
    yield f"{size} {would}removed; {counted(len(done.kept), 'backup')} kept"
