"""A person is erased: rows and names first, while it is known whom they mean, then every byte.

What names the person is done first and in an order in which each step can be done again; from the
commit that deletes the rows on, nothing needs the name any more, and whoever finishes an erasure
that was stopped need not know it.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from roentgene.queries.query_file import query_text
from roentgene.schemas.errors import FileError
from roentgene.schemas.study import read_study
from roentgene.schemas.tables import table
from roentgene.warehouse.analyst_file import publish_anew
from roentgene.warehouse.care.embedded import refuse_servers, refuse_set_aside
from roentgene.warehouse.care.folder import Swept, sweep
from roentgene.warehouse.care.mentions import mentions, take_out
from roentgene.warehouse.care.owned_rows import count_rows, doomed_tables, registered
from roentgene.warehouse.care.person import Person, person_of
from roentgene.warehouse.care.receipt import Receipt, write_receipt
from roentgene.warehouse.care.rewriting import OnStep, rewrite_catalogue, rewrite_lake
from roentgene.warehouse.care.scopes import Scope
from roentgene.warehouse.care.trip import removal, way_by_folder
from roentgene.warehouse.care.under_way import (
    UnderWay,
    now,
    read_under_way,
    refuse_under_way,
    write_under_way,
)
from roentgene.warehouse.care.withdrawal import name_hash, warehouse_key
from roentgene.warehouse.events import Action, record
from roentgene.warehouse.id_key import KEY_SETTING, IdKey
from roentgene.warehouse.layout import Layout
from roentgene.warehouse.releases.store import clear_unfinished
from roentgene.warehouse.releases.superseding import clear_superseded
from roentgene.warehouse.store import Warehouse
from roentgene.warehouse.transaction import Transaction, current_author

_ID_LENGTH = 10


@dataclass(frozen=True)
class Reissued:
    """What became of a release that held the person.

    Parameters
    ----------
    release : str
        The release.
    became : str or None
        The one in its place; None where there is none.
    not_made : str or None
        Why there is none.
    """

    release: str
    became: str | None = None
    not_made: str | None = None


#: Makes the releases anew that hold a person, and says what became of each.
Reissue = Callable[[Warehouse, Person, Scope], tuple[Reissued, ...]]


@dataclass(frozen=True)
class Touched:
    """What an erasure would touch.

    Parameters
    ----------
    scope : {'all', 'imaging', 'genomic', 'clinical', 'dose'}
        What would be erased.
    cohorts : tuple of str
        Cohorts in which the person is.
    rows : mapping of str to int
        Rows that would be deleted, by table.
    mentions : mapping of str to int
        Rows of others that name the person, by table.
    runs : tuple of str
        Analyses that read these cohorts; their results about everybody stay.
    releases : tuple of str
        Releases that would be made anew or removed.
    n_snapshots : int
        Snapshots that would end: all there are, for an erasure makes its own.
    published : tuple of str
        Copies that would be written anew.
    files : Swept
        Files beside the tables.
    """

    scope: Scope
    cohorts: tuple[str, ...]
    rows: Mapping[str, int]
    mentions: Mapping[str, int]
    runs: tuple[str, ...]
    releases: tuple[str, ...]
    n_snapshots: int
    published: tuple[str, ...]
    files: Swept = field(default_factory=Swept)


def touched(
    warehouse: Warehouse, person: Person, scope: Scope, releases: tuple[str, ...]
) -> Touched:
    """Say what an erasure would touch; nothing is written."""
    names = person.looked_for
    with registered(warehouse, person, scope):
        rows = count_rows(warehouse, scope)
        named = mentions(warehouse, names) if scope == "all" else {}
    layout, study = warehouse.layout, warehouse.study
    published = [layout.published.relative_to(layout.root).as_posix()] if study.publish else []
    asked = {"cohorts": list(person.cohorts)}
    return Touched(
        scope,
        person.cohorts,
        rows,
        {name: found.num_rows for name, found in named.items()},
        tuple(str(run) for (run,) in warehouse.rows(query_text("care/runs"), asked)),
        releases,
        len(warehouse.snapshots()),
        tuple(published + ([study.publish_parquet] if study.publish_parquet else [])),
        sweep(layout, names, dry_run=True) if scope == "all" else Swept(),
    )


def refuse_unerasable(layout: Layout) -> None:
    """Refuse a warehouse of which an erasure would leave something.

    Raises
    ------
    FileError
        If servers hold any of it, or the folder holds what a move has set aside.
    ErasureUnderWayError
        If another erasure was stopped before its end.
    """
    storage, command = read_study(layout.root).storage, "roentgene erase PERSON --yes"
    cure = (
        f"While nobody else writes: {way_by_folder(storage, command)}; then remove what was before:"
        f" {removal(storage)}; docs/withdrawal.md says what else remembers the person"
    )
    refuse_servers(layout, "'roentgene erase'", cure)
    refuse_set_aside(layout, "'roentgene erase'")
    refuse_under_way(layout)


def erase(
    warehouse: Warehouse, person: Person, scope: Scope, reissue: Reissue, on_step: OnStep
) -> Receipt:
    """Erase a person, or one kind of their data.

    Parameters
    ----------
    warehouse : Warehouse
        Open for writing.
    person : Person
        Who.
    scope : {'all', 'imaging', 'genomic', 'clinical', 'dose'}
        What.
    reissue : callable
        Makes the releases anew that hold the person.
    on_step : callable
        Told what is done next.

    Raises
    ------
    FileError, ErasureUnderWayError
        As :func:`refuse_unerasable`.
    IdKeyError
        If the key cannot be used, by which the person is to be refused later.
    """
    refuse_unerasable(warehouse.layout)
    key = warehouse_key(warehouse)
    first = person.patients[0]
    under_way = UnderWay(
        "".join(secrets.choice(string.ascii_lowercase) for _ in range(_ID_LENGTH)),
        name_hash(key, *first),
        scope,
        now(),
        current_author(),
        # before its own commits, which end too and tell nobody anything
        done={"n_snapshots": len(warehouse.snapshots())},
    )
    write_under_way(warehouse.layout, under_way)
    return _finish(warehouse, under_way, person, key, reissue, on_step)


def finish(warehouse: Warehouse, reissue: Reissue, on_step: OnStep) -> Receipt:
    """Finish an erasure that was stopped.

    Raises
    ------
    FileError
        If none was.
    IdKeyError
        If the key cannot be used, by which the person is found again.
    """
    under_way = read_under_way(warehouse.layout)
    if under_way is None:
        msg = "no erasure is under way"
        raise FileError(msg, "Name the person: roentgene erase PERSON")
    key = warehouse_key(warehouse)
    person = _found_again(warehouse, key, under_way) if under_way.phase == "rows" else None
    return _finish(warehouse, under_way, person, key, reissue, on_step)


def _found_again(warehouse: Warehouse, key: IdKey, under_way: UnderWay) -> Person | None:
    """Find the person by the hash; None where the rows were deleted and that was not noted."""
    for cohort_id, patient_id, person_id in warehouse.rows(query_text("care/everybody")):
        if name_hash(key, cohort_id, patient_id) == under_way.person_hash:
            return person_of(warehouse, person_id)
    return None


def _finish(
    warehouse: Warehouse,
    under_way: UnderWay,
    person: Person | None,
    key: IdKey,
    reissue: Reissue,
    on_step: OnStep,
) -> Receipt:
    layout = warehouse.layout
    # of part of a person the rows may be gone while the person is still there
    if person is not None and not _is_noted(warehouse, under_way):
        under_way = _forget(warehouse, under_way, person, key, reissue, on_step)
    write_under_way(layout, under_way.later("files"))
    rewrite_lake(warehouse, on_step)
    rewrite_catalogue(warehouse, on_step)
    on_step("published copies")
    publish_anew(warehouse)
    receipt = Receipt.of(under_way, datetime.now(UTC))
    write_receipt(layout, receipt)
    layout.erasure.unlink()
    return receipt


def _forget(
    warehouse: Warehouse,
    under_way: UnderWay,
    person: Person,
    key: IdKey,
    reissue: Reissue,
    on_step: OnStep,
) -> UnderWay:
    """Do everything for which it must be known whom the names mean."""
    layout = warehouse.layout
    on_step("releases")
    clear_unfinished(layout)
    made = [vars(one) for one in reissue(warehouse, person, under_way.scope)]
    # what was made anew before an interruption is told too
    under_way = under_way.later("rows", releases=[*under_way.done.get("releases", ()), *made])
    write_under_way(layout, under_way)
    clear_superseded(layout)
    on_step("reports and staged cases")
    swept = _sweep(warehouse, person, under_way.scope)
    files = {"cleaned": len(swept.cleaned), "removed": len(swept.removed)}
    under_way = under_way.later("rows", files=files, left=list(swept.left))
    on_step("rows")
    return _delete(warehouse, under_way, person, key)


def _is_noted(warehouse: Warehouse, under_way: UnderWay) -> bool:
    asked = {"withdrawal_id": under_way.withdrawal_id}
    return bool(next(warehouse.rows(query_text("care/noted"), asked))[0])


def _sweep(warehouse: Warehouse, person: Person, scope: Scope) -> Swept:
    names = person.looked_for
    if scope != "all":
        # who gave some of it stays named; only what was staged may hold the rest
        return sweep(warehouse.layout, type(names)(frozenset(), names.cohorts))
    return sweep(warehouse.layout, names)


def _delete(warehouse: Warehouse, under_way: UnderWay, person: Person, key: IdKey) -> UnderWay:
    """Delete the rows, take the names out of others', and note who is refused from now on."""
    scope, names = under_way.scope, person.looked_for
    message = f"erase {scope}: withdrawal {under_way.withdrawal_id}"
    with registered(warehouse, person, scope):
        rows = count_rows(warehouse, scope)
        found = mentions(warehouse, names) if scope == "all" else {}
        named = {name: naming.num_rows for name, naming in found.items()}
        # before the commit: afterwards nobody could count them
        under_way = under_way.later("rows", rows=rows, mentions=named)
        write_under_way(warehouse.layout, under_way)
        with warehouse.transaction(under_way.author, message) as tx:
            for name in rows:
                tx.delete_linked(name, doomed_tables(scope)[name])
            for name, naming in found.items():
                take_out(tx, name, naming, names)
            _note(tx, under_way, person, key)
            action: Action = "erase" if scope == "all" else "consent"
            record(tx, action, f"withdrawal {under_way.withdrawal_id}", {"scope": scope})
    return under_way


def _note(tx: Transaction, under_way: UnderWay, person: Person, key: IdKey) -> None:
    common = {
        "scope": under_way.scope,
        "withdrawn_at": datetime.now(UTC),
        "withdrawal_id": under_way.withdrawal_id,
    }
    hashes = sorted({name_hash(key, *named) for named in person.named()})
    _replace(tx, "ops.withdrawal", [{**common, "person_hash": one} for one in hashes])
    _replace(tx, "study.setting", [{"name": KEY_SETTING, "value": key.fingerprint}])


def _replace(tx: Transaction, full_name: str, rows: list[dict[str, Any]]) -> None:
    tx.replace(full_name, pa.Table.from_pylist(rows, table(full_name).arrow_schema))
