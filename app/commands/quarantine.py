"""``roentgene quarantine``: what was refused, and what is decided about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from roentgene.app.options import AsJson, WarehouseFolder
from roentgene.app.refusals import refusal_object
from roentgene.app.terminal import counted, one_line, say, say_json

if TYPE_CHECKING:
    from roentgene.ingest.decisions import Decision, Quarantined

app = typer.Typer(help="What was refused, and what is decided about it.", no_args_is_help=True)

# unique among millions of refusals, and short enough to be copied
_SHORTEST_ID = 12

Ids = Annotated[
    list[str] | None,
    typer.Argument(metavar="ID", help="Ids, or beginnings of ids.", show_default=False),
]
AllOf = Annotated[
    str | None,
    typer.Option("--all-of", metavar="REASON_CODE", help="All refusals of a reason."),
]


class Shown(StrEnum):
    """Which refusals are listed."""

    OPEN = "open"
    WAIVED = "waived"
    RETRY = "retry"
    RESOLVED = "resolved"
    ALL = "all"


@app.command("list")
def list_refusals(
    warehouse: WarehouseFolder = None,
    state: Annotated[Shown, typer.Option(help="Those in this state.")] = Shown.OPEN,
    cohort: Annotated[str | None, typer.Option(help="Those of this cohort.")] = None,
    as_json: AsJson = False,
) -> None:
    """List refusals, one a line, with file, row, what is wrong and the cure."""
    from roentgene.ingest.decisions import quarantined
    from roentgene.warehouse.opening import open_warehouse

    with open_warehouse(warehouse) as store:
        everything = quarantined(store)
    found = [
        one
        for one in everything
        if state in (Shown.ALL, one.state) and cohort in (None, one.cohort_id)
    ]
    if as_json:
        say_json([_object(one) for one in found])
    else:
        length = _telling_length([one.refusal_id for one in everything])
        say(*(_line(one, length) for one in found), _last_line(found, state, len(everything)))


def _object(one: Quarantined) -> dict[str, Any]:
    refusal = refusal_object(one.refusal)
    return {**{name: value for name, value in vars(one).items() if name != "refusal"}, **refusal}


def _telling_length(ids: Sequence[str]) -> int:
    """Length at which the beginnings of ids tell them apart."""
    longest = max(map(len, ids), default=_SHORTEST_ID)
    lengths = range(_SHORTEST_ID, longest)
    return next((n for n in lengths if len({one[:n] for one in ids}) == len(ids)), longest)


def _line(one: Quarantined, length: int) -> str:
    decided = ""
    if one.decided_at is not None:
        why = f": {one.decision_reason}" if one.decision_reason else ""
        decided = f" ({one.state} by {one.decided_by}, {one.decided_at:%Y-%m-%d}{why})"
    head = f"{one.refusal_id[:length]} {one.state:8} {one.cohort_id}"
    return one_line(f"{head} {one.refusal.line()}{decided}")


def _last_line(found: Sequence[Quarantined], state: Shown, n_known: int) -> str:
    what = "refusal" if state is Shown.ALL else f"{state} refusal"
    others = f" of {n_known:,} in all" if n_known > len(found) else ""
    return f"{counted(len(found), what)}{others}"


@app.command()
def waive(
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why it may stay out.")],
    ids: Ids = None,
    all_of: AllOf = None,
    warehouse: WarehouseFolder = None,
    as_json: AsJson = False,
) -> None:
    """Acknowledge refusals: they stay out, and runs no longer tell of them."""
    _decide(warehouse, "waived", ids or [], all_of, reason, as_json=as_json)


@app.command()
def retry(
    ids: Ids = None,
    reason: Annotated[str | None, typer.Option(metavar="TEXT", help="Why.")] = None,
    all_of: AllOf = None,
    warehouse: WarehouseFolder = None,
    as_json: AsJson = False,
) -> None:
    """Have the files of refusals worked on again by the next run."""
    _decide(warehouse, "retry", ids or [], all_of, reason, as_json=as_json)


def _decide(
    warehouse: Path | None,
    decision: Decision,
    ids: Sequence[str],
    all_of: str | None,
    reason: str | None,
    *,
    as_json: bool,
) -> None:
    from roentgene.ingest.decisions import choose, decide, quarantined
    from roentgene.warehouse.analyst_file import renew
    from roentgene.warehouse.opening import open_warehouse

    with open_warehouse(warehouse, read_only=False) as store:
        chosen = choose(quarantined(store), ids, all_of)
        changed = decide(store, chosen, decision, reason)
        if changed:
            renew(store)
    if as_json:
        say_json({"state": decision, "refusal_ids": [one.refusal_id for one in changed]})
    else:
        say(*_decision_lines(decision, changed))


def _decision_lines(decision: Decision, changed: Sequence[Quarantined]) -> Iterator[str]:
    for one in changed:
        yield one_line(f"{one.refusal_id} {one.refusal.line()}")
    if not changed:
        yield "Nothing to do: that was decided before."
    elif decision == "waived":
        yield f"Waived {counted(len(changed), 'refusal')}."
    else:
        yield f"The next 'roentgene ingest run' works on {counted(len(changed), 'refusal')} again."
