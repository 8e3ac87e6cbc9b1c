"""A run over everything that is pending: each cohort file in its order, whatever the others do."""

from __future__ import annotations

import secrets
import time
import traceback
from collections.abc import Callable, Iterator
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
    from roentgene.ingest.arrivals import Arrived, Waiting
    from roentgene.ingest.ingest_report import IngestReport
    from roentgene.ingest.steps import OnStep
    from roentgene.schemas.scheduled import ScheduledIngest, WatchedFolder
    from roentgene.warehouse.layout import Layout

State = Literal["committed", "unchanged", "refused", "failed", "waiting", "taken"]
#: Takes the warehouse, a cohort file, what is to be told of each step, and a delivery.
Ingest = Callable[["Layout", Path, "OnStep", "Arrived | None"], "IngestReport"]

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
    delivery : str or None
        Folder of the delivery; None of a cohort file that stands for itself.
    waiting : Waiting or None
        What the delivery waits for.
    gone : tuple of str
        Of a delivery that was taken in before: files that are no longer there.
    """

    cohort_file: str
    seconds: float
    report: IngestReport | None = None
    error: RoentgeneError | None = None
    delivery: str | None = None
    waiting: Waiting | None = None
    gone: tuple[str, ...] = ()

    @property
    def state(self) -> State:
        """What became of it, in a word."""
        if self.report is not None:
            return "unchanged" if self.report.batch_id is None else "committed"
        if self.error is not None:
            return "refused" if isinstance(self.error, BatchRefusedError) else "failed"
        return "taken" if self.waiting is None else "waiting"

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
            log.step("run_started", n_sources=len(settings.cohorts) + len(settings.watch))
            ends = tuple(_ends(layout, settings, ingest, log))
            done = PendingRun(run_id, started_at, time.monotonic() - begun, ends)
            log.step("run_ended", exit_code=done.exit_code)
    return done


def _ends(
    layout: Layout, settings: ScheduledIngest, ingest: Ingest, log: RunLog
) -> Iterator[SourceEnd]:
    for number, cohort_file in enumerate(settings.cohorts, start=1):
        end = _ingested(layout, cohort_file, ingest, log, number)
        _log_end(log, number, end)
        yield end
    for number, watched in enumerate(settings.watch, start=len(settings.cohorts) + 1):
        for end in _deliveries(layout, watched, ingest, log, number):
            _log_end(log, number, end)
            yield end


def _ingested(
    layout: Layout,
    cohort_file: str,
    ingest: Ingest,
    log: RunLog,
    number: int,
    arrived: Arrived | None = None,
) -> SourceEnd:
    log.step("source_started", source=number)
    begun, delivery = time.monotonic(), None if arrived is None else arrived.folder.name
    on_step = partial(log.step, source=number)
    try:
        report = ingest(layout, layout.root / cohort_file, on_step, arrived)
    except Exception as error:
        told = told_error(error) or _fault(error)
        return SourceEnd(cohort_file, time.monotonic() - begun, error=told, delivery=delivery)
    return SourceEnd(cohort_file, time.monotonic() - begun, report, delivery=delivery)


def _deliveries(
    layout: Layout, watched: WatchedFolder, ingest: Ingest, log: RunLog, number: int
) -> Iterator[SourceEnd]:
    """Take in what is complete in a watched folder, up to the first delivery that is not.

    A later delivery speaks last of what both tell, so that none is taken in before an earlier one.
    """
    from roentgene.ingest.arrivals import delivery_folders

    earlier: str | None = None
    try:
        folders = delivery_folders(watched, layout.root)
        taken = _taken(layout, watched) if folders else frozenset()
    except Exception as error:
        yield SourceEnd(watched.cohort, 0.0, error=told_error(error) or _fault(error))
        return
    for folder in folders:
        end = _delivery(layout, watched, folder, taken, earlier, ingest, log, number)
        if end.state in {"waiting", "failed", "refused"} and earlier is None:
            earlier = folder.name
        yield end


def _delivery(
    layout: Layout,
    watched: WatchedFolder,
    folder: Path,
    taken: frozenset[str],
    earlier: str | None,
    ingest: Ingest,
    log: RunLog,
    number: int,
) -> SourceEnd:
    from roentgene.ingest.arrivals import Waiting, examine, gone_files, manifest_hash

    begun = time.monotonic()
    try:
        if manifest_hash(folder, watched) in taken:
            gone = gone_files(folder, watched)
            return SourceEnd(watched.cohort, 0.0, delivery=folder.name, gone=gone)
        found = examine(folder, watched)
    except Exception as error:
        told = told_error(error) or _fault(error)
        spent = time.monotonic() - begun
        return SourceEnd(watched.cohort, spent, error=told, delivery=folder.name)
    if not isinstance(found, Waiting) and earlier is not None:
        found = Waiting(folder.name, f"it comes after {earlier}, which is not taken in yet")
    if isinstance(found, Waiting):
        spent = time.monotonic() - begun
        return SourceEnd(watched.cohort, spent, delivery=folder.name, waiting=found)
    return _ingested(layout, watched.cohort, ingest, log, number, found)


def _taken(layout: Layout, watched: WatchedFolder) -> frozenset[str]:
    """Manifests of the deliveries of a cohort that were taken in.

    A writer reads them, for it finishes what a killed one left; a reader could not.
    """
    from roentgene.ingest.taken import taken_deliveries
    from roentgene.schemas.cohort import read_cohort
    from roentgene.warehouse.opening import open_warehouse

    cohort_id = read_cohort(layout.root / watched.cohort).cohort_id
    with open_warehouse(layout.root, read_only=False) as store:
        taken = taken_deliveries(store)
    return frozenset(one.manifest_hash for one in taken if one.cohort_id == cohort_id)


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
        n_gone=len(report.gone if report else end.gone) or None,
        error=end.error.code if end.error else None,
    )


def _fault(error: Exception) -> RoentgeneError:
    """Tell of a fault of roentgene, which must not keep the other cohorts out either."""
    traceback.print_exception(error)
    msg = f"a fault of roentgene ({type(error).__name__})"
    return _FaultError(msg, "Please report it with the lines on standard error")
