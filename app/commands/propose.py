"""``roentgene ingest propose``: recognise what lies in a folder, and write a cohort file of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from roentgene.app.options import AsJson
from roentgene.app.terminal import one_line, say, say_json

if TYPE_CHECKING:
    from roentgene.ingest.proposing.proposal import Proposal


def propose(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of images and masks.")],
    to: Annotated[
        Path, typer.Option("--output", "-o", metavar="COHORT.yaml", help="The file to write.")
    ] = Path("cohort.yaml"),
    force: Annotated[
        bool, typer.Option("--force", help="Write over a file that is there.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Recognise what lies in a folder, and write a cohort file to look over.

    Knows BIDS data sets, BraTS folders, trees of DICOM files such as downloads from TCIA and the
    IDC, and images with masks that are named alike.
    """
    from roentgene.ingest.proposing.choosing import propose as recognise
    from roentgene.ingest.proposing.writing import check_free, write_proposal

    # a large tree takes minutes to read
    check_free(to, force=force)
    proposal = recognise(folder)
    write_proposal(proposal, folder, to, force=force)
    if as_json:
        say_json(_object(proposal, to))
    else:
        say(*_lines(proposal, to))


def _object(proposal: Proposal, to: Path) -> dict[str, Any]:
    return {
        "file": to,
        "recognised": proposal.recognised,
        "found": dict(proposal.counts),
        "n_sources": len(proposal.images),
        "n_tables": len(proposal.tables),
        "guessed": proposal.guessed,
        "left_out": proposal.left_out,
    }


def _lines(proposal: Proposal, to: Path) -> Iterator[str]:
    yield one_line(f"Recognised: {proposal.recognised}")
    yield one_line(f"Found: {proposal.found}")
    for title, told in (("Guessed", proposal.guessed), ("Not in the file", proposal.left_out)):
        if told:
            yield f"{title}:"
            yield from (one_line(f"  {line}") for line in told)
    yield one_line(f"Wrote {to}: look it over, then run 'roentgene ingest plan {to}'")
