"""``roentgene ingest check``: what is wrong with a study folder, before anything is taken in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from roentgene.app.options import AsJson
from roentgene.app.terminal import counted, one_line, say, say_json

if TYPE_CHECKING:
    from roentgene.ingest.planning.study_check import StudyReport
    from roentgene.ingest.study_folder.findings import Message

StudyFolder = Annotated[
    Path, typer.Argument(metavar="FOLDER", help="A study folder of cBioPortal.")
]

_MOST_LINES = 10
_MOST_VALUES = 3


def check(folder: StudyFolder, as_json: AsJson = False) -> None:
    """Check a cBioPortal study folder: file, line, column, value, rule and severity.

    Nothing is written, and no warehouse is needed. Exit code 1 says that something would be kept
    out, 2 that it is no study folder.
    """
    from roentgene.ingest.planning.study_check import check_study

    report = check_study(folder)
    if as_json:
        say_json({**vars(report), "n_errors": report.n_errors, "n_warnings": report.n_warnings})
    else:
        say(*_lines(report))
    if report.n_errors:
        raise typer.Exit(1)


def _lines(report: StudyReport) -> Iterator[str]:
    for message in report.messages:
        yield one_line(_message(message))
    for use in report.files:
        if use.reason is not None:
            yield one_line(f"not taken: {use.file}: {use.reason}")
    for name, n_rows in report.rows.items():
        yield f"  {name}: {counted(n_rows, 'row')}"
    n_taken = sum(use.reason is None for use in report.files)
    yield one_line(
        f"{report.study}: {n_taken:,} of {counted(len(report.files), 'file')} taken, "
        f"{counted(report.n_errors, 'error')}, {counted(report.n_warnings, 'warning')}"
    )


def _message(message: Message) -> str:
    place = message.file or "study folder"
    if message.lines:
        place = f"{place}, line {_listed(message.lines, _MOST_LINES)}"
    if message.column is not None:
        place = f"{place}, column {message.column}"
    times = f" ({message.count:,} times)" if message.count > 1 else ""
    values = f": {_listed(message.values, _MOST_VALUES)}" if message.values else ""
    return (
        f"{message.severity}: {message.rule}: {place}: {message.message}{values}{times}. "
        f"Cure: {message.cure}"
    )


def _listed(values: Sequence[object], most: int) -> str:
    told = ", ".join(str(value) for value in values[:most])
    return f"{told} and {len(values) - most:,} more" if len(values) > most else told
