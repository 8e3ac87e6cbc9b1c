"""``roentgene sql``: one reading statement, and its answer in the form that is wanted."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from roentgene.app.answer import Format, write_answer
from roentgene.app.options import WarehouseFolder
from roentgene.app.terminal import counted, note

if TYPE_CHECKING:
    from roentgene.warehouse.statement import QueryResult

_STANDARD_INPUT = "-"


def sql(
    query: Annotated[
        str | None, typer.Argument(metavar="SQL", help="The statement; '-' reads standard input.")
    ] = None,
    warehouse: WarehouseFolder = None,
    file: Annotated[
        Path | None, typer.Option("--file", help="Read the statement from a file.")
    ] = None,
    answer_format: Annotated[
        Format, typer.Option("--format", help="Form of the answer.")
    ] = Format.TABLE,
    output: Annotated[
        Path | None, typer.Option("--output", help="Write the answer to a file.")
    ] = None,
    param: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="Bind a text to $NAME; may be repeated."),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(metavar="SNAPSHOT|TIME", help="Ask of what was known then."),
    ] = None,
    sandbox: Annotated[
        bool,
        typer.Option("--sandbox", help="Ask the analyst's file from a locked child process."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Ask one statement of the warehouse; it reads only.

    A name in FROM is a table or view such as mart.coverage; 'SHOW ALL TABLES' lists them all.
    """
    text = _statement(query, file)
    answer_format = Format.JSON if as_json else answer_format
    if answer_format is Format.PARQUET and output is None and sys.stdout.isatty():
        msg = "Parquet is not for a terminal: name a file with --output"
        raise typer.BadParameter(msg)
    parameters = _parameters(param or [])
    if sandbox and (at is not None or parameters):
        msg = "--sandbox asks of the last commit, without --at and --param"
        raise typer.BadParameter(msg)
    result = _sandboxed(warehouse, text) if sandbox else _asked(warehouse, text, parameters, at)
    with _opened(output) as stream:
        write_answer(result.table, answer_format, stream)
    if result.truncated:
        shown = counted(result.table.num_rows, "row")
        note(f"warning: there are more than these {shown}; raise limits.rows in study.yaml")


def _statement(query: str | None, file: Path | None) -> str:
    if (query is None) == (file is None):
        msg = "give the statement itself, '-', or --file"
        raise typer.BadParameter(msg)
    if file is not None:
        return _read(file)
    return sys.stdin.read() if query == _STANDARD_INPUT else str(query)


def _read(file: Path) -> str:
    from roentgene.schemas.errors import FileError

    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{file}: cannot be read ({type(error).__name__})"
        raise FileError(msg, "Check the path and that the file is UTF-8 text") from error


def _parameters(given: Sequence[str]) -> dict[str, str]:
    found = {}
    for one in given:
        name, sign, value = one.partition("=")
        if not name or not sign:
            msg = f"--param {one}: write it as NAME=VALUE"
            raise typer.BadParameter(msg)
        found[name] = value
    return found


def _asked(
    folder: Path | None, text: str, parameters: dict[str, str], at: str | None
) -> QueryResult:
    from roentgene.warehouse.opening import open_warehouse
    from roentgene.warehouse.query import run_limited

    with open_warehouse(folder, at=at) as store:
        # none instead of an empty mapping: the first binding in a process imports pandas
        return run_limited(store.connection, text, parameters or None, store.study.limits)


def _sandboxed(folder: Path | None, text: str) -> QueryResult:
    from roentgene.schemas.study import read_study
    from roentgene.warehouse.layout import find_warehouse
    from roentgene.warehouse.sandbox import run_sandboxed

    layout = find_warehouse(folder)
    return run_sandboxed(layout.published, text, read_study(layout.root).limits)


@contextmanager
def _opened(output: Path | None) -> Iterator[BinaryIO]:
    """Open where the answer goes; a file takes its place only once it is whole."""
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    part = output.with_name(f".{output.name}.part")
    try:
        with part.open("wb") as stream:
            yield stream
        part.replace(output)
    finally:
        part.unlink(missing_ok=True)
