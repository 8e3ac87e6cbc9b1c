"""``roentgene analyze``: run an analysis and record it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from roentgene.app.options import AsJson, WarehouseFolder
from roentgene.app.terminal import counted, one_line, say, say_json

if TYPE_CHECKING:
    from roentgene.analyses.run import RunReport


def analyze(
    spec: Annotated[Path, typer.Argument(metavar="SPEC.yaml", help="The analysis file.")],
    warehouse: WarehouseFolder = None,
    as_json: AsJson = False,
) -> None:
    """Run an analysis and record what it found.

    There are stability, selection_stability, harmonization, association, survival, enrichment and
    pathway_score; the file says which.
    """
    from roentgene.analyses.run import run_analysis
    from roentgene.schemas.analyses.read import read_analysis
    from roentgene.warehouse.analyst_file import renew
    from roentgene.warehouse.opening import open_warehouse

    asked = read_analysis(spec)
    with open_warehouse(warehouse, read_only=False) as store:
        before = store.snapshot_id
        report = run_analysis(store, asked)
        if store.snapshot_id != before:
            renew(store)
    if as_json:
        say_json(report)
    else:
        say(*_lines(report))


def _lines(report: RunReport) -> Iterator[str]:
    yield from _counts(report.counts)
    yield f"fingerprint {report.fingerprint}"
    rows = ", ".join(f"{counted(n, 'row')} in {name}" for name, n in report.tables.items())
    what = f"run {report.analysis_run_id}: {rows}"
    if report.written:
        yield one_line(f"Ran {report.analysis} {report.name!r}, {what}")
    else:
        yield one_line(f"Nothing to do: {report.analysis} {report.name!r} stands, {what}")


def _counts(counts: Mapping[str, Any]) -> Iterator[str]:
    for name, value in counts.items():
        shown = f"{value:,}" if isinstance(value, int) else value
        yield one_line(f"  {name.replace('_', ' ')}: {shown}")
