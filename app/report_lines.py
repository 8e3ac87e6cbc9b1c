"""What an ingest did, as the command line tells it to people and to programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from roentgene.app.refusals import refusal_lines, refusal_object
from roentgene.app.terminal import counted, one_line

if TYPE_CHECKING:
    from roentgene.ingest.ingest_report import IngestReport

_MOST_GONE = 20


def report_object(report: IngestReport) -> dict[str, Any]:
    """Give a report with its refusals and their cures, to be written as JSON."""
    refused = [refusal_object(refusal) for refusal in report.new_refusals]
    warned = [refusal_object(warning) for warning in report.new_warnings]
    return {**vars(report), "new_refusals": refused, "new_warnings": warned}


def report_lines(report: IngestReport) -> Iterator[str]:
    """Say what is new, what is refused and what was committed."""
    if report.new_refusals:
        yield f"{counted(len(report.new_refusals), 'new refusal')}:"
        yield from refusal_lines(report.new_refusals)
    if report.new_warnings:
        yield f"{counted(len(report.new_warnings), 'new warning')}, taken in and marked:"
        yield from refusal_lines(report.new_warnings)
    if report.n_known_refusals:
        known = counted(report.n_known_refusals, "refusal")
        yield f"{known} known before: roentgene quarantine list"
    if report.gone:
        yield f"{counted(len(report.gone), 'file')} gone since an earlier run; nothing was deleted:"
        yield from (one_line(f"  {name}") for name in report.gone[:_MOST_GONE])
        if len(report.gone) > _MOST_GONE:
            yield f"  and {len(report.gone) - _MOST_GONE:,} more: --json names them all"
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
