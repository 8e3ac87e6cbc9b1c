"""What was done to a warehouse, from its commits and from what they wrote down in ``ops.*``."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from roentgene.queries.query_file import query_text
from roentgene.schemas.errors import FileError
from roentgene.schemas.tables import table
from roentgene.warehouse.migrate import require_current
from roentgene.warehouse.snapshots import moment
from roentgene.warehouse.store import Warehouse

if TYPE_CHECKING:
    import pyarrow as pa

#: Told from other tables than ``ops.event``; a commit is what left no row of its own.
_OTHERS = ("ingest", "analyze", "commit")


def audit_trail(
    warehouse: Warehouse,
    since: str,
    *,
    until: str | None = None,
    who: str | None = None,
    what: str | None = None,
) -> pa.Table:
    """Everything that was done in a span of time, the oldest first.

    Parameters
    ----------
    warehouse : Warehouse
        The warehouse, at its last snapshot.
    since, until : str
        First moment, and the first that is too late, in ISO 8601; without a zone they are UTC.
    who : str, optional
        One account.
    what : str, optional
        One kind of action.

    Returns
    -------
    pyarrow.Table
        Columns ``at_utc``, ``who``, ``what``, ``subject``, ``details`` (JSON), ``program``.

    Raises
    ------
    FileError
        If a time or the kind of action is none.
    WarehouseError
        If the warehouse was made by an earlier version and not upgraded yet.
    """
    require_current(warehouse)
    actions = (*_OTHERS, *table("ops.event").column("action").values)
    if what is not None and what not in actions:
        near = get_close_matches(what, actions, n=1)
        cure = f"Did you mean {near[0]!r}?" if near else f"Choose among {', '.join(actions)}"
        msg = f"{what!r} is nothing that is told"
        raise FileError(msg, cure)
    asked = {
        "since": moment(since).isoformat(),
        "until": None if until is None else moment(until).isoformat(),
        "who": who,
        "what": what,
    }
    return warehouse.arrow(query_text("app/audit"), asked)
