"""What a run over everything that is pending did, as people and programs are told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from roentgene.app.refusals import refusal_lines, refusal_object
from roentgene.app.report_lines import report_lines, report_object
from roentgene.app.terminal import counted, one_line

if TYPE_CHECKING:
    from roentgene.app.pending_run import PendingRun, SourceEnd

_MOST = 20


def pending_object(done: PendingRun) -> dict[str, Any]:
    """Give a run as one object, to be written as JSON."""
    return {
        "run_id": done.run_id,
        "started_at": done.started_at,
        "seconds": done.seconds,
        "exit_code": done.exit_code,
        "sources": [_source_object(source) for source in done.sources],
        "on_finish": None,
    }


def _source_object(source: SourceEnd) -> dict[str, Any]:
    error = source.error
    told = {} if error is None else {"code": error.code, "message": error.message}
    return {
        "cohort_file": source.cohort_file,
        "delivery": source.delivery,
        "state": source.state,
        "exit_code": source.exit_code,
        "seconds": source.seconds,
        "report": None if source.report is None else report_object(source.report),
        "error": None if error is None else {**told, "cure": error.cure},
        "waiting": None if source.waiting is None else vars(source.waiting),
        "gone": source.report.gone if source.report is not None else source.gone,
        "refusals": [refusal_object(one) for one in getattr(error, "refusals", ())],
    }


def pending_lines(done: PendingRun) -> Iterator[str]:
    """Say how each cohort ended, and how many of them ended in which way."""
    for source in done.sources:
        of_delivery = "" if source.delivery is None else f" {source.delivery}"
        yield one_line(f"{source.cohort_file}{of_delivery}: {source.state}")
        yield from (f"  {line}" for line in _lines(source))
    if not done.sources:
        yield "study.yaml names nothing under 'ingest': add 'cohorts' or 'watch' there"
    states = [source.state for source in done.sources]
    told = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
    yield (
        f"Run {done.run_id}: {counted(len(states), 'source')} in {done.seconds:.1f} s"
        + (f": {told}." if told else ".")
    )


def _lines(source: SourceEnd) -> Iterator[str]:
    if source.report is not None:
        yield from report_lines(source.report)
    if source.waiting is not None:
        yield one_line(f"waiting: {source.waiting.why}")
        yield from (one_line(f"  missing: {name}") for name in source.waiting.missing[:_MOST])
        yield from (one_line(f"  not listed: {name}") for name in source.waiting.unlisted[:_MOST])
    for name in source.gone[:_MOST]:
        yield one_line(f"gone since it was taken in, and nothing was deleted: {name}")
    if source.error is not None:
        yield one_line(f"error: {source.error}")
        yield from refusal_lines(getattr(source.error, "refusals", ()))
