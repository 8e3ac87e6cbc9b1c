"""``roentgene ingest``: plan a delivery, or plan, extract, gate and commit it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from roentgene.app.options import AsJson, WarehouseFolder, Workers, cpus
from roentgene.app.progress import shown_progress
from roentgene.app.refusals import refusal_lines, refusal_object
from roentgene.app.terminal import counted, note, one_line, say, say_json

if TYPE_CHECKING:
    from roentgene.ingest.planning.plan import Plan
    from roentgene.ingest.planning.table_plan import TablePlan
    from roentgene.ingest.run import IngestReport

app = typer.Typer(help="Bring a delivery in.", no_args_is_help=True)

CohortFile = Annotated[Path, typer.Argument(metavar="COHORT.yaml", help="The cohort file.")]

_MOST_IDS = 20
_INTERRUPTED = 130


@app.command()
def plan(cohort: CohortFile, warehouse: WarehouseFolder = None, as_json: AsJson = False) -> None:
    """Say what is new, changed, unchanged, gone and refused; writes nothing."""
    from roentgene.ingest.planning.plan import make_plan
    from roentgene.warehouse.opening import open_warehouse

    with open_warehouse(warehouse) as store:
        made = make_plan(store, cohort)
    if as_json:
        say_json(_plan_object(made))
    else:
        say(*_plan_lines(made))


def _plan_object(made: Plan) -> dict[str, Any]:
    imaging = made.imaging
    return {
        "cohort_id": made.cohort.cohort_id,
        "imaging": {
            "n_cases": len(imaging.cases),
            "n_new": imaging.n_new,
            "n_changed": imaging.n_changed,
            "n_unchanged": imaging.n_unchanged,
            "gone": imaging.gone,
        },
        "tables": [
            {
                "file": table.name,
                "kind": table.kind,
                "state": table.state,
                "n_rows": table.n_rows,
                "only_in_table": table.only_in_table,
                "only_in_cohort": table.only_in_cohort,
                "nearest": table.nearest,
            }
            for table in made.tables
        ],
        "refusals": [refusal_object(refusal) for refusal in made.refusals],
        "new_refusals": [refusal_object(refusal) for refusal in made.new_refusals],
    }


def _plan_lines(made: Plan) -> Iterator[str]:
    imaging = made.imaging
    yield one_line(f"{made.cohort.cohort_id}: {made.cohort.title}")
    if made.cohort.images or imaging.gone:
        yield (
            f"images: {counted(imaging.n_new, 'extraction')} new, {imaging.n_changed:,} changed, "
            f"{imaging.n_unchanged:,} unchanged, {len(imaging.gone):,} gone; "
            f"{counted(len(imaging.cases), 'image')} to work on"
        )
    for table in made.tables:
        yield one_line(
            f"table {table.name} ({table.kind}): {table.state}, {counted(table.n_rows, 'row')}"
        )
        yield from _unmatched(table)
    n_known = len(made.refusals) - len(made.new_refusals)
    yield f"refused: {len(made.new_refusals):,} new, {n_known:,} known"
    yield from refusal_lines(made.new_refusals)


def _unmatched(table: TablePlan) -> Iterator[str]:
    sides = (("the table", table.only_in_table), ("the cohort", table.only_in_cohort))
    for side, ids in sides:
        if ids:
            yield f"  {counted(len(ids), 'id')} only in {side}:"
        for one in ids[:_MOST_IDS]:
            near = table.nearest.get(one)
            yield one_line(f"    {one}" + (f" (nearest: {near})" if near else ""))
        if len(ids) > _MOST_IDS:
            yield f"    and {len(ids) - _MOST_IDS:,} more: --json names them all"


@app.command()
def run(
    cohort: CohortFile,
    warehouse: WarehouseFolder = None,
    workers: Workers = None,
    as_json: AsJson = False,
) -> None:
    """Plan, extract, gate and commit; what is known already is not done again."""
    from roentgene.ingest.committing.commit import CatalogueRefusedError
    from roentgene.ingest.extract.executor import LocalPool
    from roentgene.ingest.run import run_ingest
    from roentgene.warehouse.layout import find_warehouse

    folder = find_warehouse(warehouse).root
    try:
        with shown_progress() as on_progress:
            report = run_ingest(folder, cohort, LocalPool(workers or cpus()), on_progress)
    except KeyboardInterrupt:
        note("Stopped. What was extracted is kept: the same command goes on from here.")
        raise typer.Exit(_INTERRUPTED) from None
    except CatalogueRefusedError as error:
        if not as_json:
            say(*refusal_lines(error.refusals))
        raise
    if as_json:
        new = [refusal_object(refusal) for refusal in report.new_refusals]
        say_json({**vars(report), "new_refusals": new})
    else:
        say(*_report_lines(report))
    if report.new_refusals:
        raise typer.Exit(1)


def _report_lines(report: IngestReport) -> Iterator[str]:
    if report.new_refusals:
        yield f"{counted(len(report.new_refusals), 'new refusal')}:"
        yield from refusal_lines(report.new_refusals)
    if report.n_known_refusals:
        known = counted(report.n_known_refusals, "refusal")
        yield f"{known} known before: roentgene quarantine list"
    if report.report is not None:
        yield f"Report of the gates: {report.report}"
    if report.batch_id is None:
        yield one_line(
            f"Nothing of {report.cohort_id} is new: nothing was committed ({report.seconds:.1f} s)."
        )
        return
    for name, n_rows in report.rows.items():
        if n_rows and not name.startswith("ops."):
            yield f"  {name}: {counted(n_rows, 'row')}"
    yield one_line(
        f"Committed batch {report.batch_id} of {report.cohort_id} in {report.seconds:.1f} s, "
        f"with {counted(len(report.new_refusals), 'new refusal')}."
    )
