"""``roentgene ingest``: plan a delivery, extract a share of it, or do all up to its commit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from roentgene.app.commands.check import check
from roentgene.app.commands.propose import propose
from roentgene.app.commands.run import run
from roentgene.app.extracting import (
    Dask,
    EnginePathOption,
    MemoryMb,
    chosen_executor,
    stoppable,
)
from roentgene.app.options import AsJson, WarehouseFolder, Workers
from roentgene.app.progress import shown_progress
from roentgene.app.refusals import refusal_lines, refusal_object
from roentgene.app.terminal import counted, one_line, say, say_json

if TYPE_CHECKING:
    from roentgene.ingest.committing.flow_forecast import FlowCount
    from roentgene.ingest.planning.plan import Plan
    from roentgene.ingest.planning.table_plan import TablePlan
    from roentgene.ingest.shard_run import ShardReport

app = typer.Typer(help="Bring a delivery in.", no_args_is_help=True)
app.command()(propose)
app.command()(check)

CohortFile = Annotated[Path, typer.Argument(metavar="COHORT.yaml", help="The cohort file.")]

ShardOption = Annotated[
    str,
    typer.Option("--shard", metavar="I/N", help="Which share of the work: 1/8 to 8/8 of eight."),
]

_MOST_IDS = 20


@app.command()
def plan(cohort: CohortFile, warehouse: WarehouseFolder = None, as_json: AsJson = False) -> None:
    """Say what is new, changed, unchanged, gone and refused; writes nothing."""
    from roentgene.ingest.committing.flow_forecast import forecast_flow
    from roentgene.ingest.planning.plan import make_plan
    from roentgene.warehouse.opening import open_warehouse

    with open_warehouse(warehouse) as store:
        made = make_plan(store, cohort)
        flow = forecast_flow(store.arrow, made)
    if as_json:
        say_json(_plan_object(made) | {"flow": [vars(step) for step in flow]})
    else:
        say(*_plan_lines(made), *_flow_lines(flow))


def _flow_lines(flow: Sequence[FlowCount]) -> Iterator[str]:
    """Say how many patients there would be at each step, once everything planned were done."""
    if flow:
        yield "flow of patients, once all of this is done:"
    for step in flow:
        lost = f", {step.n_lost:,} lost: {step.reason}" if step.n_lost else ""
        yield one_line(f"  {step.n:>7,}  {step.step}{lost}")


def _plan_object(made: Plan) -> dict[str, Any]:
    imaging = made.imaging
    return {
        "cohort_id": made.cohort.cohort_id,
        "imaging": {
            "n_cases": len(imaging.cases),
            "n_new": imaging.n_new,
            "n_perturbed": imaging.n_perturbed,
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
                "n_ids": table.source.n_ids,
                "n_matched": table.source.n_matched,
                "loses_patients": table.loses_patients,
                "is_refused": table.is_refused,
                "proposed_rules": table.source.proposed_rules,
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
        if imaging.n_perturbed:
            yield f"  {counted(imaging.n_perturbed, 'extraction')} of perturbed regions among them"
    for table in made.tables:
        yield one_line(
            f"table {table.name} ({table.kind}): {table.state}, {counted(table.n_rows, 'row')}"
        )
        yield from _unmatched(table)
    n_known = len(made.refusals) - len(made.new_refusals)
    yield f"refused: {len(made.new_refusals):,} new, {n_known:,} known"
    yield from refusal_lines(made.new_refusals)


def _unmatched(table: TablePlan) -> Iterator[str]:
    if table.source.n_ids is not None and table.source.n_matched is not None:
        yield (f"  {table.source.n_matched:,} of {counted(table.source.n_ids, 'patient')} match")
    if table.loses_patients:
        yield one_line(f"  {_loss(table)}")
    sides = (("the table", table.only_in_table), ("the cohort", table.only_in_cohort))
    for side, ids in sides:
        if ids:
            yield f"  {counted(len(ids), 'id')} only in {side}:"
        for one in ids[:_MOST_IDS]:
            near = table.nearest.get(one)
            yield one_line(f"    {one}" + (f" (nearest: {near})" if near else ""))
        if len(ids) > _MOST_IDS:
            yield f"    and {len(ids) - _MOST_IDS:,} more: --json names them all"


def _loss(table: TablePlan) -> str:
    """Say how many patients a table loses, and what to do: an error where a rule is missing."""
    n_ids, n_matched = table.source.n_ids or 0, table.source.n_matched or 0
    part = 100 * (n_ids - n_matched) / max(n_ids, 1)
    lost = f"{n_ids - n_matched:,} of {counted(n_ids, 'patient')} ({part:.0f} %) match nobody"
    if table.source.proposed_rules is not None:
        rules = table.source.proposed_rules
        return f"ERROR: {lost} for want of id rules: add 'normalise: {rules}' to the table"
    severity = "ERROR" if table.is_refused else "WARNING"
    return f"{severity}: {lost}, and no id rule that is known would match more"


@app.command()
def extract(
    cohort: CohortFile,
    warehouse: WarehouseFolder = None,
    shard: ShardOption = "1/1",
    workers: Workers = None,
    memory_mb: MemoryMb = None,
    dask: Dask = None,
    engine_path: EnginePathOption = "fast",
    as_json: AsJson = False,
) -> None:
    """Extract a share of a delivery and commit nothing, for one job of a job array.

    'ingest run' of the same cohort file finds what all jobs extracted, tries once more what failed
    in them, and gates and commits it.
    """
    from roentgene.ingest.extract.work_order import Shard
    from roentgene.ingest.shard_run import run_shard
    from roentgene.warehouse.layout import find_warehouse

    try:
        share = Shard.parse(shard)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    folder = find_warehouse(warehouse).root
    with (
        stoppable(),
        chosen_executor(workers, memory_mb, dask) as executor,
        shown_progress(then="") as on_progress,
    ):
        report = run_shard(folder, cohort, executor, share, on_progress, engine_path)
    if as_json:
        say_json(_shard_object(report))
    else:
        say(*_shard_lines(report))
    if report.failed:
        raise typer.Exit(1)


def _shard_object(report: ShardReport) -> dict[str, Any]:
    failed = [
        {
            "subject": outcome.case.subject,
            "file_path": outcome.case.name,
            "reason_code": outcome.error,
            "detail": outcome.detail,
        }
        for outcome in report.failed
    ]
    return {**vars(report), "shard": str(report.shard), "failed": failed}


def _shard_lines(report: ShardReport) -> Iterator[str]:
    for outcome in report.failed:
        case = outcome.case
        yield one_line(f"{outcome.error}: {case.name}: {case.subject}: {outcome.detail}")
    if report.failed:
        n_failed = counted(len(report.failed), "case")
        yield f"{n_failed} failed: 'roentgene ingest run' tries again once what is not staged"
    n_new = report.n_staged - report.n_found
    yield one_line(
        f"Shard {report.shard} of {report.cohort_id}: {counted(n_new, 'case')} staged in "
        f"{report.seconds:.1f} s ({counted(report.n_values, 'feature value')}), "
        f"{report.n_found:,} staged before. Nothing is committed yet."
    )


app.command()(run)
