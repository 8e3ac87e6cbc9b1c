"""``roentgene bundle``: everything that an installation without a network needs, in one folder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from roentgene.app.options import AsJson
from roentgene.app.terminal import counted, one_line, say, say_json

if TYPE_CHECKING:
    from roentgene.app.bundling.checking import CheckedBundle
    from roentgene.app.bundling.making import BundleReport

_DAMAGED = 3


def bundle(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="A new folder, or a bundle to go on with.")
    ],
    extra: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="An extra beside 'extract'; may be given again."),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Read every wheel of a bundle again; make nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a folder from which a machine without a network installs roentgene.

    It holds the versions of this installation as wheels for this Python and this kind of machine,
    their hashes, a script that installs them, and a README.
    """
    if check:
        _check(folder, as_json=as_json)
        return
    from roentgene.app.bundling.making import make_bundle
    from roentgene.app.file_progress import shown_files

    with shown_files("fetching") as show:
        made = make_bundle(folder, extra or (), show)
    if as_json:
        say_json(made)
    else:
        say(*(one_line(line) for line in _made_lines(made)))


def _made_lines(made: BundleReport) -> Iterator[str]:
    size = f"{counted(made.n_wheels, 'wheel')}, {counted(made.n_bytes, 'byte')}"
    yield f"{made.folder}: roentgene {made.version} with {', '.join(made.extras)}"
    yield f"For Python {made.python} on {made.machine}: {size}; {made.n_kept:,} were there already"
    yield f"SHA-256 of requirements.txt: {made.requirements_hash}"
    yield "On the other machine: sh install.sh FOLDER"


def _check(folder: Path, *, as_json: bool) -> None:
    from roentgene.app.bundling.checking import check_bundle

    found = check_bundle(folder)
    if as_json:
        say_json({**asdict(found), "whole": not found.faults})
    else:
        say(*(one_line(line) for line in _checked_lines(found)))
    if found.faults:
        raise typer.Exit(_DAMAGED)


def _checked_lines(found: CheckedBundle) -> Iterator[str]:
    yield from found.faults
    size = f"{counted(found.n_wheels, 'wheel')}, {counted(found.n_bytes, 'byte')}"
    yield f"{found.folder} is {'damaged' if found.faults else 'whole'}: {size}"
    yield f"SHA-256 of requirements.txt: {found.requirements_hash}"
