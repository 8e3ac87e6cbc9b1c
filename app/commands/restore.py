"""``roentgene restore``: a warehouse brought back from a backup."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from roentgene.app.options import AsJson, WarehouseFolder
from roentgene.app.terminal import counted, note, one_line, say, say_json

if TYPE_CHECKING:
    from roentgene.warehouse.care.restore import RestoreReport


def restore(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of backups.")],
    backup: Annotated[
        str | None, typer.Argument(metavar="[BACKUP]", help="Which; by default the last.")
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Where to; by default the warehouse of -w."),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Put what is there aside; it is kept beside it.")
    ] = False,
    warehouse: WarehouseFolder = None,
    as_json: AsJson = False,
) -> None:
    """Bring a warehouse back from a backup; every file is checked before it is there."""
    from roentgene.app.file_progress import shown_files
    from roentgene.warehouse.care.backup_store import find_store
    from roentgene.warehouse.care.restore import restore as bring_back

    store = find_store(folder)
    manifest = store.latest() if backup is None else store.read(backup)
    target = to or _place(warehouse)
    with shown_files("restoring") as show:
        done = bring_back(store, manifest, target, replace=replace, on_file=show)
    if as_json:
        say_json(done)
        return
    if done.warning:
        note(one_line(f"warning: {done.warning}"))
    say(*(one_line(line) for line in _lines(done)))


def _place(named: Path | None) -> Path:
    """Folder that a warehouse is to be in, though it may be damaged or gone."""
    from roentgene.schemas.errors import FileError
    from roentgene.warehouse.layout import WAREHOUSE_VARIABLE, Layout

    variable = os.environ.get(WAREHOUSE_VARIABLE)
    place = named or (Path(variable) if variable else None)
    if place is not None:
        return place
    here = Path.cwd()
    for candidate in (here, *here.parents):
        if Layout(candidate).study.is_file():
            return candidate
    msg = "it is not said where the warehouse is to be"
    raise FileError(msg, "Name its folder with --to FOLDER")


def _lines(done: RestoreReport) -> Iterator[str]:
    if done.aside is not None:
        yield f"What was there is now {done.aside}; remove it once it is not needed"
    size = f"{counted(done.n_files, 'file')}, {counted(done.n_bytes, 'byte')}"
    yield f"Restored {done.folder} as of snapshot {done.snapshot_id} from {done.backup}: {size}"
    yield "Check it with 'roentgene doctor --deep', and deliver again what came later"
