"""What was done to a warehouse beside ingest and analysis, written down in ``ops.event``.

An event is a row of the transaction that it tells of, so there is neither one without the other.
What changes no row of the lake, as the making of copies, is told in a commit of its own before
it begins. Snapshots and their messages expire; these rows stay.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any, Literal

import pyarrow as pa

from roentgene.queries.query_file import query_text
from roentgene.schemas.tables import table
from roentgene.warehouse.store import Warehouse
from roentgene.warehouse.transaction import Transaction, current_author

Action = Literal[
    "create",
    "configure",
    "upgrade",
    "waive",
    "retry",
    "release",
    "supersede",
    "publish",
    "optimize",
    "erase",
    "consent",
    "backup",
    "restore",
    "move",
    "deliver",
]

_EVENTS = "ops.event"


def record(
    transaction: Transaction,
    action: Action,
    subject: str,
    details: Mapping[str, Any] | None = None,
    *,
    author: str | None = None,
    at: datetime | None = None,
) -> None:
    """Write an event down within the transaction that it tells of.

    Parameters
    ----------
    transaction : Transaction
        The running transaction.
    action : str
        What is done.
    subject : str
        To what: the name of a release, a copy, a number of refusals. Never a person.
    details : mapping of str, optional
        What else is worth knowing, as JSON knows it. No id, name or date of a person may stand in
        it, for the row outlives an erasure.
    author : str, optional
        Who does it; by default the account.
    at : datetime, optional
        When; by default now.
    """
    before = transaction.arrow(query_text("warehouse/current_snapshot"))["snapshot_id"][0].as_py()
    row = {
        "event_id": secrets.token_hex(16),
        "happened_at": at or datetime.now(UTC),
        "action": action,
        "author": author or current_author(),
        "subject": subject,
        "details": json.dumps(dict(details or {}), ensure_ascii=False, sort_keys=True),
        "snapshot_id": before,
        "code_version": version("roentgene"),
    }
    transaction.insert(_EVENTS, pa.Table.from_pylist([row], table(_EVENTS).arrow_schema))


def record_alone(
    warehouse: Warehouse,
    action: Action,
    subject: str,
    details: Mapping[str, Any] | None = None,
    *,
    author: str | None = None,
) -> None:
    """Write an event down in a commit of its own; see :func:`record`."""
    who = author or current_author()
    with warehouse.transaction(who, f"{action} {subject}") as transaction:
        record(transaction, action, subject, details, author=who)
