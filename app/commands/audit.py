"""``roentgene audit``: who did what to a warehouse, and when."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from roentgene.app.answer import Format, write_answer
from roentgene.app.options import WarehouseFolder


def audit(
    since: Annotated[
        str,
        typer.Option(metavar="TIME", help="From then on, in ISO 8601; without a zone it is UTC."),
    ],
    until: Annotated[
        str | None, typer.Option(metavar="TIME", help="Up to then, that moment excluded.")
    ] = None,
    who: Annotated[str | None, typer.Option(metavar="ACCOUNT", help="Of one account.")] = None,
    what: Annotated[
        str | None, typer.Option(metavar="ACTION", help="One kind: ingest, waive, release …")
    ] = None,
    warehouse: WarehouseFolder = None,
    answer_format: Annotated[
        Format, typer.Option("--format", help="Form of the answer.")
    ] = Format.TABLE,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Tell who ingested, analysed, waived, released, published, erased, moved or upgraded what.

    Commits of other programs are told too. No id of a person stands in the answer.
    """
    from roentgene.app.audit_trail import audit_trail
    from roentgene.warehouse.opening import open_warehouse

    with open_warehouse(warehouse) as store:
        found = audit_trail(store, since, until=until, who=who, what=what)
    write_answer(found, Format.JSON if as_json else answer_format, sys.stdout.buffer)
    sys.stdout.buffer.flush()
