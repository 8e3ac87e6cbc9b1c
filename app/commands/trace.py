"""``roentgene trace``: one row back to its image, mask, settings, SQL, commit and author."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from roentgene.app.options import AsJson, WarehouseFolder
from roentgene.app.terminal import say, say_json

if TYPE_CHECKING:
    from roentgene.warehouse.store import Warehouse
    from roentgene.warehouse.tracing.trace import Trace

_RELEASE = "release"


def trace(
    what: Annotated[
        str,
        typer.Argument(
            metavar="WHAT",
            help="A view (mart.delta_radiomics), a version of one, a stored table (measurement),"
            " or the word release.",
        ),
    ],
    ids: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ID]…",
            help="Id of the row, where one column names it; of a release NAME@VERSION, person and"
            " column.",
        ),
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            "--where",
            metavar="COLUMN=VALUE",
            help="A column of the row and its value, as often as needed; nothing after the sign"
            " asks for NULL.",
        ),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="SNAPSHOT|TIME", help="Trace what was known then."),
    ] = None,
    rows: Annotated[
        int,
        typer.Option(
            "--rows", min=1, metavar="N", help="Rows to show of each table, where many are behind."
        ),
    ] = 10,
    warehouse: WarehouseFolder = None,
    as_json: AsJson = False,
) -> None:
    """Trace a row back to image, mask, settings, SQL, commit and author.

    Rows that the traced one names by id are shown exactly; of other tables that the SQL reads,
    those that share its keys.
    """
    from roentgene.app.trace_lines import trace_lines, trace_object
    from roentgene.warehouse.opening import open_warehouse

    if what == _RELEASE and ids and "@" in ids[0]:
        found = _of_release(ids, warehouse, rows)
    else:
        with open_warehouse(warehouse, at=at) as store:
            found = _of_row(store, what, ids or (), _conditions(where or ()), rows)
    if as_json:
        say_json(trace_object(found))
    else:
        say(*trace_lines(found))


def _of_release(ids: Sequence[str], folder: Path | None, rows: int) -> Trace:
    from roentgene.schemas.errors import FileError
    from roentgene.warehouse.layout import find_warehouse
    from roentgene.warehouse.tracing.release import read_cell
    from roentgene.warehouse.tracing.trace import trace_release

    if len(ids) not in (3, 4):
        msg = "a value of a release is named by release, person and column"
        raise FileError(msg, "Write trace release NAME@VERSION PERSON COLUMN [TIMEPOINT]")
    layout = find_warehouse(folder)
    return trace_release(layout.root, read_cell(layout, *ids), rows)


def _of_row(
    store: Warehouse,
    what: str,
    ids: Sequence[str],
    conditions: Mapping[str, str | None],
    rows: int,
) -> Trace:
    from roentgene.schemas.errors import FileError
    from roentgene.warehouse.tracing.subject import find_subject
    from roentgene.warehouse.tracing.trace import trace as trace_it

    subject = find_subject(what, store.study.view_versions)
    if len(ids) > 1 or (ids and subject.id_column is None):
        msg = f"a row of {subject.full_name} has no single id"
        raise FileError(msg, "Name its columns: --where column=value")
    named = {str(subject.id_column): ids[0]} if ids else {}
    return trace_it(store, subject.full_name, {**named, **conditions}, rows)


def _conditions(given: Sequence[str]) -> dict[str, str | None]:
    from roentgene.schemas.errors import FileError

    found: dict[str, str | None] = {}
    for one in given:
        column, sign, value = one.partition("=")
        if not sign or not column:
            msg = f"--where {one!r} is not COLUMN=VALUE"
            raise FileError(msg, "Write --where feature=original_glcm_Contrast")
        if column in found:
            msg = f"--where names {column!r} twice"
            raise FileError(msg, "Name each column once")
        found[column] = value or None
    return found
