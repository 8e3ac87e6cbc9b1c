"""What an ingest tells of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from roentgene.ingest.refusal import Refusal


@dataclass(frozen=True)
class IngestReport:
    """What an ingest did.

    Parameters
    ----------
    cohort_id : str
        Cohort.
    batch_id : str or None
        The batch; None where nothing was new and nothing was committed.
    rows : mapping of str to int
        Rows written, by full table name.
    new_refusals : tuple of Refusal
        Refused for the first time.
    new_warnings : tuple of Refusal
        Taken in with a warning for the first time.
    n_known_refusals : int
        Refusals that are still there and were known or waived before.
    report : Path or None
        Page of the gates' results.
    seconds : float
        Time it took.
    gone : tuple of str
        Files that the cohort file once brought and that are no longer where it looks. Nothing of
        them was deleted.
    """

    cohort_id: str
    batch_id: str | None
    rows: Mapping[str, int]
    new_refusals: tuple[Refusal, ...]
    new_warnings: tuple[Refusal, ...]
    n_known_refusals: int
    report: Path | None
    seconds: float
    gone: tuple[str, ...] = ()
