"""``roentgene erase``: consent withdrawn, no byte left, and refused for ever."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from roentgene.app.options import AsJson, WarehouseFolder
from roentgene.app.terminal import counted, note, one_line, say, say_json

if TYPE_CHECKING:
    from roentgene.warehouse.care.erasing import Touched
    from roentgene.warehouse.care.receipt import Receipt
    from roentgene.warehouse.care.scopes import Scope

_BACKUPS = (
    "Backups, copies and releases that were taken out of the warehouse before still hold the"
    " person: 'roentgene backup DIR', then 'roentgene backup prune DIR --before-erasure'; destroy"
    " the rest, or make it again"
)


class Withdrawn(StrEnum):
    """What is withdrawn."""

    ALL = "all"
    IMAGING = "imaging"
    GENOMIC = "genomic"
    CLINICAL = "clinical"
    DOSE = "dose"


def erase(
    person: Annotated[
        str | None,
        typer.Argument(
            metavar="PERSON", help="person_id, a patient's id, or COHORT:PATIENT; - reads it."
        ),
    ] = None,
    scope: Annotated[
        Withdrawn, typer.Option("--scope", help="Erase one kind of data; the person stays.")
    ] = Withdrawn.ALL,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be touched, and do nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    finish: Annotated[
        bool, typer.Option("--finish", help="Finish an erasure that was stopped.")
    ] = False,
    warehouse: WarehouseFolder = None,
    as_json: AsJson = False,
) -> None:
    """Erase a person from the warehouse, and refuse them for ever.

    Rows, former snapshots, releases, reports and published copies: afterwards no byte of their ids
    is left in the folder. The key file of $ROENTGENE_ID_KEY is needed, by which they are
    recognised when they are delivered again.
    """
    if finish == (person is not None) or (finish and dry_run):
        msg = "Name the person, or give --finish alone"
        raise typer.BadParameter(msg, param_hint="PERSON")
    if finish:
        _tell(_finished(warehouse, as_json=as_json), as_json=as_json)
        return
    if not dry_run:
        _refuse_unerasable(warehouse)
    given = sys.stdin.readline().strip() if person == "-" else str(person)
    found = _touched(warehouse, given, _kind(scope))
    if dry_run:
        if as_json:
            say_json(found)
        else:
            say(*map(one_line, _lines(found)))
        return
    if not yes:
        for line in _lines(found):
            note(one_line(line))
        typer.confirm("Erase it? It cannot be brought back.", abort=True, err=True)
    _tell(_erased(warehouse, given, _kind(scope), as_json=as_json), as_json=as_json)


def _kind(scope: Withdrawn) -> Scope:
    return scope.value


def _refuse_unerasable(warehouse: WarehouseFolder) -> None:
    """Refuse before anybody is asked, or any server is."""
    from roentgene.warehouse.care.erasing import refuse_unerasable
    from roentgene.warehouse.layout import find_warehouse

    refuse_unerasable(find_warehouse(warehouse))


def _touched(warehouse: WarehouseFolder, given: str, scope: Scope) -> Touched:
    from roentgene.app.erasing import releases_with
    from roentgene.warehouse.care.erasing import touched
    from roentgene.warehouse.care.person import find_person
    from roentgene.warehouse.care.under_way import refuse_under_way
    from roentgene.warehouse.opening import open_warehouse

    with open_warehouse(warehouse) as store:
        refuse_under_way(store.layout)
        who = find_person(store, given)
        held = releases_with(store.layout, who, scope)
        return touched(store, who, scope, tuple(one.release for one in held))


def _erased(warehouse: WarehouseFolder, given: str, scope: Scope, *, as_json: bool) -> Receipt:
    from roentgene.app.erasing import reissue_releases
    from roentgene.warehouse.care.erasing import erase as erase_person
    from roentgene.warehouse.care.person import find_person
    from roentgene.warehouse.opening import open_warehouse

    with open_warehouse(warehouse, read_only=False) as store:
        who = find_person(store, given)
        return erase_person(store, who, scope, reissue_releases, _step(as_json=as_json))


def _finished(warehouse: WarehouseFolder, *, as_json: bool) -> Receipt:
    from roentgene.app.erasing import reissue_releases
    from roentgene.warehouse.care.erasing import finish
    from roentgene.warehouse.opening import open_warehouse

    with open_warehouse(warehouse, read_only=False) as store:
        return finish(store, reissue_releases, _step(as_json=as_json))


def _step(*, as_json: bool) -> Callable[[str], None]:
    def tell(what: str) -> None:
        if not as_json:
            note(f"{what} …")

    return tell


def _tell(receipt: Receipt, *, as_json: bool) -> None:
    if as_json:
        say_json(receipt)
        return
    say(*map(one_line, _receipt_lines(receipt)))


def _rows(counts: Mapping[str, int], what: str) -> Iterator[str]:
    for table, n_rows in counts.items():
        yield f"  {table}: {counted(n_rows, 'row')} {what}"


def _lines(found: Touched) -> Iterator[str]:
    yield f"{found.scope}, in {', '.join(found.cohorts)}:"
    yield from _rows(found.rows, "deleted")
    yield from _rows(found.mentions, "of others that name the person")
    for release in found.releases:
        yield f"  release {release} made anew without the person, or removed"
    for run in found.runs:
        yield f"  analysis {run} read these cohorts: run it again"
    for published in found.published:
        yield f"  {published} written anew"
    for file in (*found.files.cleaned, *found.files.removed):
        yield f"  {file} cleaned or removed"
    for file in found.files.left:
        yield f"  {file} names the person: only you can mend it"
    yield f"  {counted(found.n_snapshots, 'snapshot')} would end"


def _receipt_lines(receipt: Receipt) -> Iterator[str]:
    n_rows = sum(receipt.rows.values())
    yield f"Erased ({receipt.scope}): {counted(n_rows, 'row')} of {len(receipt.rows)} tables"
    for one in receipt.releases:
        became = one["became"] or f"not made anew: {one['not_made']}"
        yield f"  release {one['release']}: {became}"
    yield f"  {counted(receipt.n_snapshots, 'snapshot')} ended: --at reaches no further back"
    for file in receipt.left:
        yield f"  {file} names the person: mend it by hand"
    yield f"Receipt: reports/withdrawal-{receipt.withdrawal_id}.json"
    yield _BACKUPS
