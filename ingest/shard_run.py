"""Extraction alone, by one job of a job array: its share of the cases is staged, nothing more.

The catalogue is read for the plan and never written, so any number of jobs may run at once. What
they stage is found by the next ingest of the same cohort file, which gates and commits it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from roentgene.ingest.extract.engines import EnginePath
from roentgene.ingest.extract.executors import Executor, Outcome
from roentgene.ingest.extract.work_order import Shard
from roentgene.ingest.ready_plan import ready_plan
from roentgene.ingest.staging.cases import OnProgress, gone, silent, stage_cases, staged_keys
from roentgene.warehouse.opening import open_warehouse


@dataclass(frozen=True)
class ShardReport:
    """What became of the cases of a shard.

    Parameters
    ----------
    cohort_id : str
        Cohort.
    shard : Shard
        Which share of the cases.
    n_staged : int
        Cases of it that are staged now.
    n_found : int
        Those of them that were staged before.
    failed : tuple of Outcome
        Cases that failed. They have left nothing behind: the next ingest tries each once more.
    n_values : int
        Feature values made.
    seconds : float
        Time it took.
    """

    cohort_id: str
    shard: Shard
    n_staged: int
    n_found: int
    failed: tuple[Outcome, ...]
    n_values: int
    seconds: float


def run_shard(
    folder: Path,
    cohort_file: Path,
    executor: Executor,
    shard: Shard,
    on_progress: OnProgress = silent,
    engine_path: EnginePath = "fast",
) -> ShardReport:
    """Stage the cases of a shard that are not staged yet.

    Parameters
    ----------
    folder : Path
        The warehouse.
    cohort_file : Path
        The cohort file.
    executor : Executor
        Carries the extraction out.
    shard : Shard
        Which share of the cases.
    on_progress : callable
        Called before the first case and after each.
    engine_path : {'fast', 'stock'}
        Whether engines may take their quicker way to the same values; the ingest that is to find
        what was staged must be told the same.

    Raises
    ------
    FileError
        If the cohort file is wrong.
    ExtractionUnavailableError
        If the engine is not installed, or the executor cannot carry out any case.
    StagedCaseGoneError
        If the executor's workers do not write where this process reads.
    WarehouseError
        If the warehouse cannot be read.
    """
    begun = time.monotonic()
    with open_warehouse(folder) as reader:
        plan = ready_plan(reader, cohort_file, engine_path, {})
    staging = reader.layout.staging / plan.cohort.cohort_id
    cases = shard.of(plan.imaging.cases)
    found = staged_keys(staging) & {case.case_key for case in cases}
    outcomes = stage_cases(cases, staging, executor, on_progress)
    failed = tuple(outcome for outcome in outcomes if outcome.error is not None)
    _check_staged(outcomes, staging)
    return ShardReport(
        plan.cohort.cohort_id,
        shard,
        len(outcomes) - len(failed),
        len(found),
        failed,
        sum(outcome.n_values for outcome in outcomes),
        time.monotonic() - begun,
    )


def _check_staged(outcomes: list[Outcome], staging: Path) -> None:
    staged = staged_keys(staging)
    for outcome in outcomes:
        if outcome.error is None and outcome.case.case_key not in staged:
            raise gone(staging, outcome.case)
