"""The cases of a plan, staged by whatever executor, and what was staged before left as it is."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path

import pyarrow.parquet as pq

from roentgene.ingest.extract.executors import Executor, Outcome
from roentgene.ingest.extract.work import Case
from roentgene.ingest.staging.case import stage_case
from roentgene.ingest.staging.case_rows import CaseRows
from roentgene.schemas.errors import WarehouseError


@dataclass(frozen=True)
class Progress:
    """How far the extraction is.

    Parameters
    ----------
    n_done, n_failed, n_total : int
        Cases: those that have come to an end, those of them that failed, and all.
    n_values : int
        Feature values made so far by this run.
    """

    n_done: int
    n_failed: int
    n_total: int
    n_values: int = 0


OnProgress = Callable[[Progress], None]


def silent(_: Progress) -> None:
    """Tell nobody how far it is."""


class StagedCaseGoneError(WarehouseError):
    """A case that was staged is not in the staging folder."""

    code = "staged_case_gone"


def staged_keys(folder: Path) -> set[str]:
    """Name the cases that are staged whole in a folder, which need not exist."""
    try:
        # listed and not asked one by one: a network file system remembers what was not there
        return {name for name in os.listdir(folder) if not name.startswith(".")}  # noqa: PTH208
    except FileNotFoundError:
        return set()


def stage_cases(
    cases: Sequence[Case], folder: Path, executor: Executor, on_progress: OnProgress
) -> list[Outcome]:
    """Stage the cases that are not staged yet.

    Parameters
    ----------
    cases : sequence of Case
        What is to be staged.
    folder : Path
        Where; made if need be.
    executor : Executor
        Carries the cases out.
    on_progress : callable
        Called before the first case and after each.

    Returns
    -------
    list of Outcome
        One a case, in the order of the cases. One that failed has left nothing in the folder.
    """
    staged = staged_keys(folder)
    outcomes = {case.case_key: Outcome(case) for case in cases if case.case_key in staged}
    waiting = [case for case in cases if case.case_key not in outcomes]
    n_failed = n_values = 0
    on_progress(Progress(len(outcomes), n_failed, len(cases), n_values))
    if waiting:
        folder.mkdir(parents=True, exist_ok=True)
        for outcome in executor.run(partial(stage_case, folder=folder), waiting):
            outcomes[outcome.case.case_key] = outcome
            n_failed += outcome.error is not None
            n_values += outcome.n_values
            on_progress(Progress(len(outcomes), n_failed, len(cases), n_values))
    return [outcomes[case.case_key] for case in cases]


def read_case(folder: Path, case: Case) -> CaseRows:
    """Read the staged rows of a case.

    Raises
    ------
    StagedCaseGoneError
        If they are not there.
    """
    place = folder / case.case_key
    try:
        return CaseRows(
            **{one.name: pq.read_table(place / f"{one.name}.parquet") for one in fields(CaseRows)}
        )
    except FileNotFoundError:
        raise gone(folder, case) from None


def gone(folder: Path, case: Case) -> StagedCaseGoneError:
    """Say that a case is not where it was staged."""
    msg = f"{case.subject} was staged and is not in {folder}"
    cure = "Every worker must see the warehouse under the same path; then run it again"
    return StagedCaseGoneError(msg, cure)
