"""A run over everything that is pending: each cohort file in its order, whatever the others do."""

from __future__ import annotations

import secrets
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from roentgene.app.run_log import RunLog, opened_log
from roentgene.app.told_error import EXIT_FAULT, told_error
from roentgene.schemas.errors import BatchRefusedError, RoentgeneError
from roentgene.schemas.study import read_study
from roentgene.warehouse.lock import run_lock

if TYPE_CHECKING:
    from roentgene.ingest.ingest_report import IngestReport
    from roentgene.ingest.steps import OnStep
    from roentgene.warehouse.layout import Layout

State = Literal["committed", "unchanged", "refused", "failed"]
#: Takes the warehouse, a cohort file, and what is to be told of each step.
Ingest = Callable[["Layout", Path, "OnStep"], "IngestReport"]

# what a run ends with, the gravest first: whoever watches must hear of that one
_GRAVEST_FIRST = (EXIT_FAULT, 3, 2, 4, 1, 0)


class _FaultError(RoentgeneError):
    """A fault of roentgene itself, met while one of several cohorts was taken in."""

    code = "fault"
    exit_code = EXIT_FAULT


@dataclass(frozen=True)
class SourceEnd:
    """How the ingest of one cohort file ended.

    Parameters
    ----------
    cohort_file : str
        The file, as ``study.yaml`` names it.
    seconds : float
        Time it took.
    report : IngestReport or None
        What was done; None where nothing was committed because of an error.
    error : RoentgeneError or None
        Why nothing was committed.
    """

    cohort_file: str
    seconds: float
    report: IngestReport | None = None
    error: RoentgeneError | None = None

    @property
    def state(self) -> State:
        """What became of it, in a word."""
        if self.report is not None:
            return "unchanged" if self.report.batch_id is None else "committed"
        return "refused" if isinstance(self.error, BatchRefusedError) else "failed"

    @property
    def exit_code(self) -> int:
        """What a run of it alone would end with."""
        if self.error is not None:
            return self.error.exit_code
        return int(bool(self.report and self.report.new_refusals))


@dataclass(frozen=True)
class PendingRun:
    """What a run did.

    Parameters
    ----------
    run_id : str
        Its name.
    started_at : datetime
        When it began.
    seconds : float
        Time it took.
    sources : tuple of SourceEnd
        Every cohort file in its order.
    """

    run_id: str
    started_at: datetime
    seconds: float
    sources: tuple[SourceEnd, ...]

    @property
    def exit_code(self) -> int:
        """What the run ends with: the gravest of what its cohorts end with."""
        met = {source.exit_code for source in self.sources}
        return next((code for code in _GRAVEST_FIRST if code in met), 0)


def run_pending(layout: Layout, ingest: Ingest, log_file: Path | None = None) -> PendingRun:
    """Take in everything that ``study.yaml`` names.

    Parameters
    ----------
    layout : Layout
        The warehouse.
    ingest : callable
        Takes a cohort file in.
    log_file : Path, optional
        Log to be added to; without it the run has one of its own where ``study.yaml`` says.

    Raises
    ------
    RunUnderWayError
        If another run is at work; nothing is done.
    FileError
        If ``study.yaml`` is wrong.
    """
    started_at, begun = datetime.now(UTC), time.monotonic()
    run_id = f"{started_at:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
    with run_lock(layout.run_lock):
        settings = read_study(layout.root).ingest
        with opened_log(layout, settings, log_file, run_id) as log:
            log.step("run_started", n_sources=len(settings.cohorts))
            ends = tuple(_ends(layout, settings.cohorts, ingest, log))
            done = PendingRun(run_id, started_at, time.monotonic() - begun, ends)
            log.step("run_ended", exit_code=done.exit_code)
    return done


def _ends(layout: Layout, named: Sequence[str], ingest: Ingest, log: RunLog) -> Iterator[SourceEnd]:
    for number, cohort_file in enumerate(named, start=1):
        log.step("source_started", source=number)
        begun = time.monotonic()
        try:
            report = ingest(layout, layout.root / cohort_file, partial(log.step, source=number))
        except Exception as error:
            told = told_error(error) or _fault(error)
            end = SourceEnd(cohort_file, time.monotonic() - begun, error=told)
        else:
            end = SourceEnd(cohort_file, time.monotonic() - begun, report)
        _log_end(log, number, end)
        yield end


def _log_end(log: RunLog, number: int, end: SourceEnd) -> None:
    report = end.report
    log.step(
        "source_ended",
        source=number,
        state=end.state,
        cohort_id=report.cohort_id if report else None,
        batch_id=report.batch_id if report else None,
        n_new_refusals=len(report.new_refusals) if report else None,
        n_known_refusals=report.n_known_refusals if report else None,
        n_rows=sum(report.rows.values()) if report else None,
        error=end.error.code if end.error else None,
    )


def _fault(error: Exception) -> RoentgeneError:
    """Tell of a fault of roentgene, which must not keep the other cohorts out either."""
    traceback.print_exception(error)
    msg = f"a fault of roentgene ({type(error).__name__})"
    return _FaultError(msg, "Please report it with the lines on standard error")
