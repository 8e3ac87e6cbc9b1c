"""The quarantine: which refusals are new, which are known, and which are over."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from roentgene.ingest.identity import identity
from roentgene.ingest.known import Known, StoredRefusal
from roentgene.ingest.refusal import Refusal


def refusal_id(cohort_id: str, refusal: Refusal) -> str:
    """Id of a refusal: the same fault of the same content is the same refusal."""
    return identity(
        "refusal",
        cohort_id,
        refusal.reason_code,
        refusal.file_path,
        refusal.row_number,
        refusal.column_name,
        refusal.subject,
        refusal.content_hash,
    )


def unlike(refusals: Iterable[Refusal], cohort_id: str, known: Known) -> tuple[Refusal, ...]:
    """Refusals that the quarantine does not hold, each once."""
    new = {refusal_id(cohort_id, refusal): refusal for refusal in refusals}
    return tuple(refusal for key, refusal in new.items() if key not in known.refusals)


@dataclass(frozen=True)
class Examined:
    """What a run has looked at, so that a refusal which it did not meet again is over.

    Parameters
    ----------
    tables : frozenset of str
        Tables that were staged.
    subjects : frozenset of tuple
        File and subject of every refusal of images and masks that could have been met.
    delivered : frozenset of str
        Every file of the delivery.
    is_part : bool
        Whether the cohort has other deliveries beside this one, of which it says nothing.
    """

    tables: frozenset[str]
    subjects: frozenset[tuple[str | None, str | None]]
    delivered: frozenset[str]
    is_part: bool = False


@dataclass(frozen=True)
class QuarantineChange:
    """What a run does to the quarantine.

    Parameters
    ----------
    new : dict of str to Refusal
        Refusals to be added.
    reopened : frozenset of str
        Refusals that were to be retried and came again.
    resolved : frozenset of str
        Refusals that did not come again.
    """

    new: Mapping[str, Refusal]
    reopened: frozenset[str]
    resolved: frozenset[str]

    def __bool__(self) -> bool:
        return bool(self.new or self.reopened or self.resolved)

    @property
    def new_refusals(self) -> tuple[Refusal, ...]:
        """What was kept out for the first time."""
        return tuple(r for r in self.new.values() if r.severity != "warning")

    @property
    def new_warnings(self) -> tuple[Refusal, ...]:
        """What was taken in, marked, for the first time."""
        return tuple(r for r in self.new.values() if r.severity == "warning")


def change_of(
    cohort_id: str, met: Collection[Refusal], known: Known, examined: Examined
) -> QuarantineChange:
    """Compare the refusals of a run with the quarantine.

    A refusal is over if the run looked at the same thing and did not refuse it again, or if what
    it is about is no longer delivered. One that was resolved and comes again is open again.
    """
    by_id = {refusal_id(cohort_id, refusal): refusal for refusal in met}
    again = {key for key in by_id if key in known.refusals}
    return QuarantineChange(
        new={key: refusal for key, refusal in by_id.items() if key not in known.refusals},
        reopened=frozenset(
            key for key in again if known.refusals[key].state in {"retry", "resolved"}
        ),
        resolved=frozenset(
            key
            for key, refusal in known.undone_refusals.items()
            if key not in by_id and _is_over(refusal, examined)
        ),
    )


def _is_over(refusal: StoredRefusal, examined: Examined) -> bool:
    if examined.is_part:
        # a file of the same name in another delivery is another file
        return (refusal.file_path, refusal.subject) in examined.subjects
    if refusal.stage == "manifest":
        return True  # every run reads manifests and patterns as a whole
    if refusal.file_path is None:
        return False
    looked_at = (
        refusal.file_path in examined.tables
        or (refusal.file_path, refusal.subject) in examined.subjects
    )
    return looked_at or refusal.file_path not in examined.delivered
