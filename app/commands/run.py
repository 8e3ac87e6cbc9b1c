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
from roentgene.app.one_ingest import Asked
from roentgene.app.options import AsJson, WarehouseFolder, Workers
from roentgene.app.pending_lines import pending_lines, pending_object
from roentgene.app.refusals import refusal_lines
from roentgene.app.report_lines import report_lines, report_object
from roentgene.app.terminal import say, say_json
from roentgene.schemas.errors import BatchRefusedError

if TYPE_CHECKING:
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
    as_json: AsJson = False,
) -> None:
    """Plan, extract, gate and commit; what is known already is not done again."""
    from roentgene.warehouse.layout import find_warehouse

    if pending == (cohort is not None):
        msg = "give either a cohort file or --pending"
        raise typer.BadParameter(msg)
    check_executor_options(workers, memory_mb, dask)
    asked = Asked(workers, memory_mb, dask, engine_path)
    layout = find_warehouse(warehouse)
    with stoppable():
        if cohort is None:
            _run_pending(layout, asked, as_json=as_json)
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


def _run_pending(layout: Layout, asked: Asked, *, as_json: bool) -> None:
    from roentgene.app.pending_run import run_pending

    done = run_pending(layout, asked.ingest)
    if as_json:
        say_json(pending_object(done))
    else:
        say(*pending_lines(done))
    raise typer.Exit(done.exit_code)
