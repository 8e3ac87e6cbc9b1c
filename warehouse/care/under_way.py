"""That an erasure is under way, and how far it is: nothing that names the person."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal

from roentgene.schemas.errors import WarehouseError
from roentgene.warehouse.care.scopes import Scope
from roentgene.warehouse.layout import Layout

#: What is to be done next: everything, or only what needs no name any more.
Phase = Literal["rows", "files"]


class ErasureUnderWayError(WarehouseError):
    """An erasure was stopped, and must end before anything else is erased."""

    code = "erasure_under_way"


@dataclass(frozen=True)
class UnderWay:
    """An erasure that has begun.

    Parameters
    ----------
    withdrawal_id : str
        Number of the receipt.
    person_hash : str
        Keyed hash by which the person is found again.
    scope : {'all', 'imaging', 'genomic', 'clinical', 'dose'}
        What is erased.
    begun_at : str
        When, in ISO 8601.
    author : str
        Account that erases.
    phase : {'rows', 'files'}
        ``files``: the rows are deleted, and what is left is to write the files anew.
    done : mapping
        What was counted so far, for the receipt.
    """

    withdrawal_id: str
    person_hash: str
    scope: Scope
    begun_at: str
    author: str
    phase: Phase = "rows"
    done: Mapping[str, Any] = field(default_factory=dict)

    def later(self, phase: Phase, **done: object) -> UnderWay:
        """Give the same erasure further on."""
        return replace(self, phase=phase, done={**self.done, **done})


def read_under_way(layout: Layout) -> UnderWay | None:
    """Read which erasure is under way; None where there is none.

    Raises
    ------
    WarehouseError
        If the file that says so cannot be read.
    """
    try:
        return UnderWay(**json.loads(layout.erasure.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        msg = (
            f"{layout.erasure.name} cannot be read: an erasure was stopped, and how far is unknown"
        )
        raise WarehouseError(
            msg, "Remove it and run 'roentgene erase' for the person again"
        ) from error


def write_under_way(layout: Layout, erasure: UnderWay) -> None:
    """Write down how far an erasure is, in one step."""
    unfinished = layout.erasure.with_suffix(".new")
    with unfinished.open("w", encoding="utf-8") as stream:
        json.dump(asdict(erasure), stream)
        stream.flush()
        os.fsync(stream.fileno())
    unfinished.replace(layout.erasure)


def refuse_under_way(layout: Layout) -> None:
    """Refuse to begin while an erasure is not finished.

    Raises
    ------
    ErasureUnderWayError
        If one was stopped.
    """
    if read_under_way(layout) is not None:
        msg = "an erasure was stopped before it was finished"
        raise ErasureUnderWayError(msg, "Run 'roentgene erase --finish'")


def now() -> str:
    """Give the time in ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")
