"""What people decide about refusals: waive one, or have its file worked on again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any, Literal

from roentgene.ingest.refusal import REFUSAL_SCHEMA, Refusal
from roentgene.queries.query_file import query_text
from roentgene.schemas.errors import FileError
from roentgene.schemas.words import reason_codes
from roentgene.warehouse.events import Action, record
from roentgene.warehouse.store import Warehouse
from roentgene.warehouse.transaction import current_author

State = Literal["open", "waived", "retry", "resolved"]
Decision = Literal["waived", "retry"]

_VERBS: Mapping[Decision, Action] = {"waived": "waive", "retry": "retry"}
_RESOLVED = "resolved"
_SHOWN = 5
_CURE = "Look it up with 'roentgene quarantine list --state all'"


@dataclass(frozen=True)
class Quarantined:
    """A refusal as it stands in ``ops.quarantine``.

    Parameters
    ----------
    refusal_id : str
        Its id.
    cohort_id, batch_id : str
        Population, and the batch that met it first.
    met_at : datetime or None
        When that batch was committed.
    refusal : Refusal
        What was refused and why.
    state : {'open', 'waived', 'retry', 'resolved'}
        Open, or what was decided.
    decided_by, decided_at, decision_reason
        Who decided, when and why; None where nobody has, or no reason was given.
    """

    refusal_id: str
    cohort_id: str
    batch_id: str
    met_at: datetime | None
    refusal: Refusal
    state: State
    decided_by: str | None
    decided_at: datetime | None
    decision_reason: str | None


def quarantined(warehouse: Warehouse) -> tuple[Quarantined, ...]:
    """Read the whole quarantine, ordered by cohort, stage, reason and place."""
    # neither bound parameters nor times by way of Arrow: both import pandas, which takes a second
    return tuple(_quarantined(*row) for row in warehouse.rows(query_text("ingest/quarantined")))


def _quarantined(
    refusal_id: str,
    cohort_id: str,
    batch_id: str,
    met_at: datetime | None,
    *refused_and_decided: Any,
) -> Quarantined:
    n_refused = len(REFUSAL_SCHEMA.names)
    refusal = Refusal(*refused_and_decided[:n_refused])
    return Quarantined(
        refusal_id, cohort_id, batch_id, met_at, refusal, *refused_and_decided[n_refused:]
    )


def choose(
    known: Sequence[Quarantined], ids: Sequence[str] = (), all_of: str | None = None
) -> tuple[Quarantined, ...]:
    """Pick the refusals that somebody means.

    Parameters
    ----------
    known : sequence of Quarantined
        The quarantine.
    ids : sequence of str
        Ids, or beginnings of ids that fit one refusal alone.
    all_of : str, optional
        Reason code, whose refusals are all meant but for the resolved ones.

    Returns
    -------
    tuple of Quarantined
        Each once, in the order of the quarantine.

    Raises
    ------
    FileError
        If nothing is named, an id fits none or several, or none is of the reason code.
    """
    if not ids and all_of is None:
        msg = "no refusal is named"
        raise FileError(msg, "Give ids, or --all-of with a reason code")
    chosen = {_by_beginning(known, given) for given in ids}
    if all_of is not None:
        chosen |= _by_reason(known, all_of)
    return tuple(one for one in known if one.refusal_id in chosen)


def _by_beginning(known: Sequence[Quarantined], given: str) -> str:
    found = [one for one in known if one.refusal_id.startswith(given)] if given else []
    if not found:
        msg = f"there is no refusal {given!r}"
        raise FileError(msg, _CURE)
    if len(found) > 1:
        shown = ", ".join(one.refusal_id for one in found[:_SHOWN])
        msg = f"{given!r} fits {len(found)} refusals: {shown}"
        raise FileError(msg, "Write more of the id")
    return found[0].refusal_id


def _by_reason(known: Sequence[Quarantined], code: str) -> set[str]:
    if code not in reason_codes():
        near = get_close_matches(code, list(reason_codes()), n=1)
        msg = f"{code!r} is no reason code"
        raise FileError(msg, f"Did you mean {near[0]!r}?" if near else _CURE)
    found = {
        one.refusal_id
        for one in known
        if one.refusal.reason_code == code and one.state != _RESOLVED
    }
    if not found:
        msg = f"nothing is refused as {code}"
        raise FileError(msg, _CURE)
    return found


def decide(
    warehouse: Warehouse,
    chosen: Sequence[Quarantined],
    decision: Decision,
    reason: str | None = None,
    author: str | None = None,
) -> tuple[Quarantined, ...]:
    """Waive refusals, or have their files worked on again by the next run.

    A waived refusal is acknowledged: what it is about stays out, and runs no longer tell of it.

    Parameters
    ----------
    warehouse : Warehouse
        The warehouse, opened for writing.
    chosen : sequence of Quarantined
        Refusals, as :func:`choose` gives them.
    decision : {'waived', 'retry'}
        What is decided.
    reason : str, optional
        Why; a waiver needs one.
    author : str, optional
        Who decides; by default the account that runs this.

    Returns
    -------
    tuple of Quarantined
        Those about which something else stood before. For none nothing is committed.

    Raises
    ------
    FileError
        If a waiver has no reason, or a refusal is resolved.
    """
    reason = (reason or "").strip() or None
    if decision == "waived" and reason is None:
        msg = "a waiver needs a reason"
        raise FileError(msg, "Say with --reason why it may stay out")
    resolved = [one.refusal_id for one in chosen if one.state == _RESOLVED]
    if resolved:
        msg = f"refusal {resolved[0]} is resolved"
        raise FileError(msg, "There is nothing to decide about it: it was not met again")
    changed = tuple(one for one in chosen if (one.state, one.decision_reason) != (decision, reason))
    if not changed:
        return ()
    author = author or current_author()
    decided_at = datetime.now(UTC)
    parameters = {
        "state": decision,
        "author": author,
        "decided_at": decided_at,
        "reason": reason,
        "refusal_ids": [one.refusal_id for one in changed],
    }
    what = "1 refusal" if len(changed) == 1 else f"{len(changed)} refusals"
    message = f"{_VERBS[decision]} {what}" + (f": {reason}" if reason else "")
    with warehouse.transaction(author, message) as transaction:
        transaction.execute_query("ingest/decide", parameters)
        details = _counts(changed)
        record(transaction, _VERBS[decision], what, details, author=author, at=decided_at)
    return changed


def _counts(changed: Sequence[Quarantined]) -> dict[str, dict[str, int]]:
    """Refusals by cohort and reason: neither their ids nor the reason given, for both may name."""
    return {
        "cohorts": dict(Counter(one.cohort_id for one in changed)),
        "reason_codes": dict(Counter(one.refusal.reason_code for one in changed)),
    }
