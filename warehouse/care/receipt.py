"""The receipt of an erasure: what was done and when, and nothing of whom."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from roentgene.warehouse.care.scopes import Scope
from roentgene.warehouse.care.under_way import UnderWay
from roentgene.warehouse.layout import Layout

_PLACE = re.compile(r"reports/withdrawal-([a-z]+)\.json")


@dataclass(frozen=True)
class Receipt:
    """What an erasure did.

    Parameters
    ----------
    withdrawal_id : str
        Number of the receipt, as ``ops.withdrawal`` has it.
    person_hash : str
        Keyed hash of the person's first id.
    scope : {'all', 'imaging', 'genomic', 'clinical', 'dose'}
        What was erased.
    author : str
        Who erased.
    begun_at, finished_at : str
        When, in ISO 8601.
    rows : mapping of str to int
        Rows deleted, by table.
    mentions : mapping of str to int
        Rows of others out of which names were taken, by table.
    releases : sequence of mapping
        Releases that held the person, and what became of each.
    files : mapping of str to int
        Files beside the tables that were cleaned or removed.
    left : sequence of str
        Files that a human being must mend.
    n_snapshots : int
        Snapshots that there were before, and that ended.
    """

    withdrawal_id: str
    person_hash: str
    scope: Scope
    author: str
    begun_at: str
    finished_at: str
    rows: Mapping[str, int]
    mentions: Mapping[str, int]
    releases: Sequence[Mapping[str, Any]]
    files: Mapping[str, int]
    left: Sequence[str]
    n_snapshots: int

    @classmethod
    def of(cls, erasure: UnderWay, finished_at: datetime) -> Receipt:
        """Make the receipt of an erasure that has come to its end."""
        done = erasure.done
        return cls(
            erasure.withdrawal_id,
            erasure.person_hash,
            erasure.scope,
            erasure.author,
            erasure.begun_at,
            finished_at.isoformat(timespec="seconds"),
            done.get("rows", {}),
            done.get("mentions", {}),
            done.get("releases", ()),
            done.get("files", {}),
            done.get("left", ()),
            done.get("n_snapshots", 0),
        )


def receipt_file(layout: Layout, withdrawal_id: str) -> Path:
    """Where the receipt of a withdrawal lies."""
    return layout.reports / f"withdrawal-{withdrawal_id}.json"


def withdrawal_of(place: str) -> str | None:
    """Say whose receipt a file of a warehouse is, by its number; None where it is none.

    Examples
    --------
    >>> withdrawal_of("reports/withdrawal-abcdefghij.json")
    'abcdefghij'
    >>> withdrawal_of("reports/20250101.html")
    """
    found = _PLACE.fullmatch(place)
    return found[1] if found else None


def write_receipt(layout: Layout, receipt: Receipt) -> None:
    """Write the receipt among the reports."""
    layout.reports.mkdir(exist_ok=True)
    place = receipt_file(layout, receipt.withdrawal_id)
    unfinished = place.with_suffix(".new")
    unfinished.write_text(f"{json.dumps(asdict(receipt), indent=1)}\n", encoding="utf-8")
    unfinished.replace(place)
