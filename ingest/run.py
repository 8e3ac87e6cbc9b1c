"""A whole ingest: plan, extract, gather and gate, commit. Idempotent, and resumed where it stopped.

No lock is held while images are measured. If somebody else has committed to the cohort meanwhile,
the plan is made again; what was measured for it already is found in the staging folder.
"""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import Thread

import pyarrow as pa

from roentgene.ingest.arrivals import Arrived
from roentgene.ingest.committing.batch import Batch, gather
from roentgene.ingest.committing.commit import (
    BatchHead,
    CatalogueRefusedError,
    commit,
    is_empty,
)
from roentgene.ingest.extract.engines import EnginePath
from roentgene.ingest.extract.executors import Executor, Outcome, WarmsUp
from roentgene.ingest.gates.expectation_library import load_expectations
from roentgene.ingest.gates.report import BatchFacts, write_report
from roentgene.ingest.habitat_model import HabitatModel
from roentgene.ingest.ingest_report import IngestReport
from roentgene.ingest.known import Known, last_batch
from roentgene.ingest.planning.plan import Plan
from roentgene.ingest.quarantine import QuarantineChange, change_of
from roentgene.ingest.ready_plan import ready_plan
from roentgene.ingest.refusal import Refusal, RuleCount
from roentgene.ingest.seal import seal_delivery, study_hash
from roentgene.ingest.staging.case import failed_case
from roentgene.ingest.staging.case_rows import CaseRows
from roentgene.ingest.staging.cases import (
    OnProgress,
    StagedCaseGoneError,
    read_case,
    silent,
    stage_cases,
)
from roentgene.ingest.steps import OnStep, untold
from roentgene.ingest.taken import vanished
from roentgene.schemas.cohort import read_cohort
from roentgene.schemas.tables import table
from roentgene.warehouse.analyst_file import catch_up, renew
from roentgene.warehouse.care.withdrawal import stored_withdrawals
from roentgene.warehouse.opening import Opener
from roentgene.warehouse.store import Warehouse
from roentgene.warehouse.transaction import changed_rows

# no run takes this long, so whoever staged it was killed
_FORGOTTEN_SECONDS = 7 * 24 * 3600


def run_ingest(
    warehouse: Path | Opener,
    cohort_file: Path,
    executor: Executor,
    on_progress: OnProgress = silent,
    engine_path: EnginePath = "fast",
    on_step: OnStep = untold,
    arrived: Arrived | None = None,
) -> IngestReport:
    """Ingest a cohort file into a warehouse.

    Parameters
    ----------
    warehouse : Path or Opener
        The warehouse's folder, or what opens it, which is closed at the end.
    cohort_file : Path
        The cohort file.
    executor : Executor
        Carries the extraction out.
    on_progress : callable
        Called before the first case and after each.
    engine_path : {'fast', 'stock'}
        ``stock`` keeps the engines from taking their quicker way to the same values. What is
        known already is not measured again for that.
    on_step : callable
        Told of each step once it is done, and how much there was of it.
    arrived : Arrived, optional
        A complete delivery, at whose folder the paths of the cohort file start. It is known as
        taken from then on, also where nothing of it is new.

    Raises
    ------
    FileError
        If the cohort file is wrong.
    ExtractionUnavailableError
        If there are images and the engine is not installed, or the executor cannot carry out any
        case.
    WarehouseError
        If the warehouse cannot be used, or another process went on writing to it.
    BatchRefusedError
        If the gate of the catalogue refused the batch; nothing was committed.
    """
    begun, begun_ns, started_at = time.monotonic(), time.time_ns(), datetime.now(UTC)
    staged: set[Path] = set()
    fitted: dict[str, HabitatModel] = {}
    with warehouse if isinstance(warehouse, Opener) else Opener(warehouse) as opener:
        layout = opener.layout
        study = study_hash(layout)
        _make_ready(opener)
        while True:
            with opener.open() as reader:
                _warm_up(executor, reader, cohort_file)
                plan = ready_plan(reader, cohort_file, engine_path, fitted, _folder(arrived))
                planned_at = reader.snapshot_id
                gone = () if arrived else vanished(reader, plan.cohort.cohort_id, _found(plan))
            on_step("planned", **_planned(plan))
            staging = reader.layout.staging / plan.cohort.cohort_id
            staged.update(staging / case.case_key for case in plan.imaging.cases)
            if plan.imaging.cases and getattr(executor, "in_other_processes", False):
                _load_gate_meanwhile()
            outcomes = stage_cases(plan.imaging.cases, staging, executor, on_progress)
            n_failed = sum(outcome.error is not None for outcome in outcomes)
            on_step("extracted", n_cases=len(outcomes), n_failed=n_failed)
            try:
                with opener.open() as reader:
                    batch = gather(
                        plan, _cases(outcomes, staging), partial(_changed, reader, plan.known)
                    )
            except StagedCaseGoneError:
                with opener.open() as reader:
                    if not _is_overtaken(plan, reader):
                        raise
                continue  # whoever was quicker has cleared up behind itself
            on_step("gated", n_refused=len(batch.refusals))
            change = change_of(plan.cohort.cohort_id, batch.refusals, plan.known, plan.examined)
            done: _Done | None = None
            if arrived is not None or not is_empty(batch, change):
                with opener.open(read_only=False) as writer:
                    if _is_overtaken(plan, writer):
                        continue  # what is new now?
                    done = _commit(writer, plan, batch, change, started_at, arrived)
                    on_step("committed", n_rows=sum(done.facts.rows.values()))
            break
    _clear(staged, staging)
    n_known_refusals = len(plan.known.standing_refusals - change.resolved)
    # a Parquet copy may lie anywhere: only a run sees whether it is still there
    has_copy = reader.study.publish_parquet is not None
    is_whole = arrived is None and not gone
    if plan.sources is not None and not change.new and not has_copy and is_whole:
        seal_delivery(
            layout,
            cohort_file,
            plan.sources,
            begun_ns,
            study,
            cohort_id=plan.cohort.cohort_id,
            n_known_refusals=n_known_refusals,
            snapshot_id=done.snapshot_id if done else planned_at,
        )
    return IngestReport(
        plan.cohort.cohort_id,
        done.facts.batch_id if done else None,
        done.facts.rows if done else {},
        change.new_refusals,
        change.new_warnings,
        n_known_refusals,
        done.page if done else None,
        time.monotonic() - begun,
        gone,
    )


def _folder(arrived: Arrived | None) -> Path | None:
    return None if arrived is None else arrived.folder


def _found(plan: Plan) -> Set[str]:
    """Files that a cohort file finds; a table that it names but that is missing is refused."""
    missing = {r.file_path for r in plan.refusals if r.reason_code == "file_missing"}
    return (plan.imaging.files | {table.name for table in plan.tables}) - missing


def _planned(plan: Plan) -> dict[str, int | str]:
    """Count what a plan holds."""
    imaging = plan.imaging
    return {
        "cohort_id": plan.cohort.cohort_id,
        "n_new": imaging.n_new,
        "n_changed": imaging.n_changed,
        "n_unchanged": imaging.n_unchanged,
        "n_gone": len(imaging.gone),
        "n_tables": sum(table.staged is not None for table in plan.tables),
    }


@dataclass(frozen=True)
class _Done:
    facts: BatchFacts
    page: Path
    snapshot_id: int


def _make_ready(opener: Opener) -> None:
    """Finish what a process left that was killed in or after its commit; take new settings on."""
    with opener.open(read_only=False) as writer:
        catch_up(writer)


def _warm_up(executor: Executor, reader: Warehouse, cohort_file: Path) -> None:
    """Load libraries while the first delivery of a cohort is planned.

    They are those of the workers where there are images, else those of the gate. Of a later
    delivery often nothing is due, and loading would be for nothing.
    """
    cohort = read_cohort(cohort_file)
    if last_batch(reader.arrow, cohort.cohort_id) is not None:
        return
    if not cohort.images:
        _load_gate_meanwhile()
    elif isinstance(executor, WarmsUp):
        executor.warm_up()


def _load_gate_meanwhile() -> None:
    """Load what the gate of staged rows is made of, seconds of it, while others work."""
    Thread(target=load_expectations).start()


def _is_overtaken(plan: Plan, warehouse: Warehouse) -> bool:
    """Whether somebody has committed to the cohort, or withdrawn, since the plan was made."""
    if stored_withdrawals(warehouse) != dict(plan.withdrawn.withdrawals.by_hash):
        return True
    return last_batch(warehouse.arrow, plan.cohort.cohort_id) != plan.known.last_batch


def _cases(outcomes: Sequence[Outcome], staging: Path) -> Iterator[CaseRows]:
    for outcome in outcomes:
        if outcome.error is not None:
            yield failed_case(outcome.case, outcome.error, outcome.detail or "")
        else:
            yield read_case(staging, outcome.case)


def _changed(
    warehouse: Warehouse, known: Known, full_name: str, rows: pa.Table, ignore: tuple[str, ...]
) -> pa.Table:
    declared = table(full_name)
    if known.is_new and declared.of_cohort:
        return rows
    return changed_rows(warehouse.connection, declared, rows, ignore)


def _commit(
    warehouse: Warehouse,
    plan: Plan,
    batch: Batch,
    change: QuarantineChange,
    started_at: datetime,
    arrived: Arrived | None,
) -> _Done:
    """Commit, write the page of the gates, renew the analyst's file."""
    now = datetime.now(UTC)
    head = BatchHead(f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}", started_at, now)
    page = warehouse.layout.reports / f"{head.batch_id}.html"

    def report(
        rows: Mapping[str, int], counts: Sequence[RuleCount], refusals: Sequence[Refusal]
    ) -> BatchFacts:
        facts = BatchFacts(head.batch_id, plan.cohort.cohort_id, now, rows)
        write_report(page, facts, (*batch.counts, *counts), refusals, batch.suites)
        return facts

    try:
        committed = commit(warehouse, plan, batch, change, head, arrived)
    except CatalogueRefusedError as error:
        report({}, error.counts, (*batch.refusals, *error.refusals))
        raise
    facts = report(committed.rows, committed.counts, batch.refusals)
    renew(warehouse)
    return _Done(facts, page, warehouse.snapshot_id)


def _clear(staged: Set[Path], staging: Path) -> None:
    """Remove staged cases, what killed runs left long ago, and the folder once it is empty."""
    if not staging.is_dir():
        return
    long_ago = time.time() - _FORGOTTEN_SECONDS
    for case in list(staging.iterdir()):
        # another process may be staging beside us
        if case in staged or case.stat().st_mtime < long_ago:
            shutil.rmtree(case, ignore_errors=True)
    if not any(staging.iterdir()):
        staging.rmdir()
