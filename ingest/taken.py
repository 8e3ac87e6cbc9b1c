"""Deliveries that were taken in: each is an event of the commit that took it, and known by it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from roentgene.ingest.arrivals import Arrived
from roentgene.queries.query_file import query_text
from roentgene.warehouse.events import record
from roentgene.warehouse.store import Warehouse
from roentgene.warehouse.transaction import Transaction


@dataclass(frozen=True)
class Taken:
    """A delivery that was taken in: its cohort, its manifest's sha256, and the batch that did."""

    cohort_id: str
    manifest_hash: str
    batch_id: str


def taken_deliveries(warehouse: Warehouse) -> tuple[Taken, ...]:
    """Read which deliveries were taken in, the first of them first."""
    rows = warehouse.rows(query_text("ingest/deliveries"))
    return tuple(_taken(cohort_id, json.loads(details)) for cohort_id, details in rows)


def _taken(cohort_id: str, details: dict[str, str]) -> Taken:
    return Taken(cohort_id, details["manifest_sha256"], details["batch_id"])


def record_taken(tx: Transaction, arrived: Arrived, cohort_id: str, batch_id: str) -> None:
    """Write down, in the transaction of its batch, that a delivery was taken in."""
    details = {
        "manifest_sha256": arrived.manifest_hash,
        "n_files": arrived.n_files,
        "batch_id": batch_id,
    }
    record(tx, "deliver", cohort_id, details)


def vanished(warehouse: Warehouse, cohort_id: str, delivered: Iterable[str]) -> tuple[str, ...]:
    """Files that a cohort file once brought and that are no longer where it looks.

    What deliveries brought is left aside: a delivery is taken once, and may be put away.
    """
    by_deliveries = {one.batch_id for one in taken_deliveries(warehouse)}
    rows = warehouse.rows(query_text("ingest/read_files"), {"cohort_id": cohort_id})
    stored = {file for file, batch_id in rows if batch_id not in by_deliveries}
    return tuple(sorted(stored - set(delivered)))
