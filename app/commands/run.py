"""``roentgene ingest run``: an ingest of one cohort file, or of everything that is pending."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from roentgene.app.extracting import (
    Dask,
    EnginePathOption,
    MemoryMb,
    check_executor_options,
    stoppable,
)
from roentgene.app.on_finish import tell_command, words_of
from roentgene.app.one_ingest import Asked
from roentgene.app.options import AsJson, WarehouseFolder, Workers
from roentgene.app.pending_lines import pending_lines, pending_object
from roentgene.app.refusals import refusal_lines
from roentgene.app.report_lines import report_lines, report_object
from roentgene.app.terminal import as_json_text, note, one_line, say, say_json
from roentgene.schemas.errors import BatchRefusedError

if TYPE_CHECKING:
    from roentgene.app.pending_run import PendingRun
    from roentgene.warehouse.layout import Layout


def run(
    cohort: Annotated[
        Path | None,
        typer.Argument(metavar="[COHORT.yaml]", help="The cohort file.", show_default=False),
    ] = None,
    pending: Annotated[
        bool,
        typer.Option("--pending", help="Take in everything that study.yaml names under 'ingest'."),
    ] = False,
    warehouse: WarehouseFolder = None,
    workers: Workers = None,
    memory_mb: MemoryMb = None,
    dask: Dask = None,
    engine_path: EnginePathOption = "fast",
    log: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="With --pending: add the log to this file instead."),
    ] = None,
    on_finish: Annotated[
        str | None,
        typer.Option(
            metavar="CMD",
            help="With --pending: a command that gets the run as JSON on its standard input.",
        ),
    ] = None,
    finish_seconds: Annotated[
        float, typer.Option(metavar="N", min=0.1, help="Time that CMD has.")
    ] = 60.0,
    as_json: AsJson = False,
) -> None:
    """Plan, extract, gate and commit; what is known already is not done again."""
    from roentgene.warehouse.layout import find_warehouse

    if pending == (cohort is not None):
        msg = "give either a cohort file or --pending"
        raise typer.BadParameter(msg)
    if cohort is not None and (log is not None or on_finish is not None):
        msg = "--log and --on-finish go with --pending"
        raise typer.BadParameter(msg)
    command = _words(on_finish)
    check_executor_options(workers, memory_mb, dask)
    asked = Asked(workers, memory_mb, dask, engine_path)
    layout = find_warehouse(warehouse)
    with stoppable():
        if cohort is None:
            from roentgene.app.pending_run import run_pending  # an unchanged file needs no DuckDB

            done = run_pending(layout, asked.ingest, log)
            _finish(done, command, finish_seconds, as_json=as_json)
        else:
            _run_one(layout, cohort, asked, as_json=as_json)


def _run_one(layout: Layout, cohort: Path, asked: Asked, *, as_json: bool) -> None:
    try:
        report = asked.ingest(layout, cohort)
    except BatchRefusedError as error:
        if not as_json:
            say(*refusal_lines(getattr(error, "refusals", ())))
        raise
    if as_json:
        say_json(report_object(report))
    else:
        say(*report_lines(report))
    if report.new_refusals:
        raise typer.Exit(1)


def _words(command: str | None) -> list[str]:
    try:
        return [] if command is None else words_of(command)
    except ValueError as error:
        msg = f"--on-finish: {error}"
        raise typer.BadParameter(msg) from error


def _finish(done: PendingRun, command: list[str], seconds: float, *, as_json: bool) -> None:
    """Tell what was done, the operator's command first, so that its failure is told too."""
    told = pending_object(done)
    if command:
        finish = tell_command(command, as_json_text(told), seconds)
        told["on_finish"] = vars(finish)
        if finish.failure is not None:
            note(one_line(f"on-finish: {finish.failure}. What was taken in is not touched by it"))
    if as_json:
        say_json(told)
    else:
        say(*pending_lines(done))
    raise typer.Exit(done.exit_code)
