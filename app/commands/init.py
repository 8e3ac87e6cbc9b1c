"""``roentgene init``: a new warehouse."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from roentgene.app.options import AsJson
from roentgene.app.terminal import say, say_json


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder without a warehouse.")],
    name: Annotated[
        str | None, typer.Option(help="Name of the study; by default that of the folder.")
    ] = None,
    encrypted: Annotated[
        bool, typer.Option("--encrypted", help="Encrypt the files of data; see docs/growing.md.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a new, empty warehouse."""
    from roentgene.schemas.storage import Storage
    from roentgene.schemas.study import Study
    from roentgene.warehouse.analyst_file import renew
    from roentgene.warehouse.opening import create_warehouse, open_warehouse

    study = Study(name=name or folder.resolve().name, storage=Storage(encrypted=encrypted))
    layout = create_warehouse(folder, study)
    with open_warehouse(layout.root, read_only=False) as writer:
        renew(writer)  # empty, but there: a delivery then writes the tables that it fills
    if as_json:
        say_json({"warehouse": layout.root, "study": layout.study})
        return
    say(
        f"Made the warehouse {layout.root}; {layout.study.name} holds its settings.",
        f"Next: roentgene ingest run COHORT.yaml -w {folder}",
    )
