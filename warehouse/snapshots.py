"""Snapshots: which one a number or a time means, and an error where it is gone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import duckdb

from roentgene.queries.query_file import query_text
from roentgene.schemas.errors import FileError


@dataclass(frozen=True)
class Snapshot:
    """One commit."""

    snapshot_id: int
    committed_at: datetime
    author: str | None
    message: str | None


def snapshots(con: duckdb.DuckDBPyConnection) -> list[Snapshot]:
    """All snapshots that have not expired, the oldest first."""
    rows = con.execute(query_text("warehouse/snapshots")).fetchall()
    return [Snapshot(*row) for row in rows]


def resolve(known: list[Snapshot], at: int | str) -> int:
    """Snapshot that a number or a time stands for.

    Parameters
    ----------
    known : list of Snapshot
        Snapshots that exist, the oldest first.
    at : int or str
        A snapshot's number, or a time in ISO 8601; without a zone it is UTC.

    Raises
    ------
    FileError
        If the snapshot does not exist, has expired, or the time lies before the first. DuckLake
        itself would answer from an older snapshot where the right one has expired.
    """
    by_id = {snapshot.snapshot_id: snapshot for snapshot in known}
    if isinstance(at, int) or at.isdigit():
        if int(at) not in by_id:
            msg = f"snapshot {at} does not exist or has expired"
            kept = f"between {known[0].snapshot_id} and {known[-1].snapshot_id}"
            raise FileError(msg, f"Choose a kept one {kept}")
        return int(at)
    asked = moment(at)
    before = [snapshot for snapshot in known if snapshot.committed_at <= asked]
    if not before:
        first = known[0].committed_at.astimezone(UTC)
        msg = f"the warehouse holds nothing as early as {at}"
        raise FileError(msg, f"The first snapshot that it keeps is of {first:%Y-%m-%dT%H:%M:%SZ}")
    found = before[-1]
    followed = found is not known[-1] and found.committed_at < asked
    if followed and found.snapshot_id + 1 not in by_id:
        # nobody knows any more how long it was the current one
        msg = f"the snapshot that was current at {at} has expired"
        raise FileError(msg, "Choose a time at which a kept snapshot was current")
    return found.snapshot_id


def moment(text: str) -> datetime:
    """Read a time in ISO 8601; without a zone it is UTC.

    Raises
    ------
    FileError
        If it is none.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        msg = f"{text!r} is neither a snapshot number nor a time"
        raise FileError(msg, "Write a number, or a time like 2026-11-21T10:00:00Z") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)
