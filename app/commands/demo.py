"""``roentgene demo``: a synthetic study with known truth, everything run end to end."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from roentgene.app.options import AsJson, Workers, cpus
from roentgene.app.progress import shown_progress
from roentgene.app.terminal import note, say, say_json

_DEFAULT_FOLDER = Path("roentgene-demo")
_INTERRUPTED = 130


def demo(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Where the demo's warehouse is made.")
    ] = _DEFAULT_FOLDER,
    seed: Annotated[int, typer.Option(min=0, help="Another seed is another study.")] = 0,
    workers: Workers = None,
    as_json: AsJson = False,
) -> None:
    """Run everything on a synthetic study with known truth."""
    from roentgene.app.demo.run import run_demo

    tell = note if as_json else say
    try:
        with shown_progress() as on_progress:
            score = run_demo(folder, seed, workers or cpus(), tell, on_progress)
    except KeyboardInterrupt:
        note(f"Stopped: the demo is not complete. Remove {folder} and start again.")
        raise typer.Exit(_INTERRUPTED) from None
    if as_json:
        say_json(score)
        return
    say("", *score.lines(), "")
    say(
        "Try next:",
        f"  roentgene status -w {folder}",
        f'  roentgene sql "FROM mart.association WHERE q_value < 0.05" -w {folder}',
        f'  roentgene sql "FROM mart.feature_stability ORDER BY icc DESC LIMIT 20" -w {folder}',
        f"  roentgene views list -w {folder}",
        f"  roentgene release show idh -w {folder}",
    )
