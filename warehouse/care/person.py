"""The person who is meant: everybody under whom they stand, and everything they are called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from roentgene.queries.query_file import query_text
from roentgene.schemas.errors import FileError
from roentgene.warehouse.care.names import Names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from roentgene.warehouse.store import Warehouse

#: A name and the cohort in which it means somebody.
Named = tuple[str, str]


class UnknownPersonError(FileError):
    """Nobody is called so, or several persons are."""

    code = "person_unknown"


@dataclass(frozen=True)
class Person:
    """A person of the warehouse.

    Parameters
    ----------
    person_id : str
        Who it is.
    patients : tuple of (str, str)
        Cohort and id of each patient who is this person.
    samples : tuple of (str, str)
        Cohort and id of each specimen of theirs.
    """

    person_id: str
    patients: tuple[Named, ...]
    samples: tuple[Named, ...] = ()

    @property
    def cohorts(self) -> tuple[str, ...]:
        """Cohorts in which the person is."""
        return tuple(dict.fromkeys(cohort_id for cohort_id, _ in self.patients))

    @property
    def names(self) -> frozenset[str]:
        """Everything that the person and their specimens are called."""
        return frozenset({self.person_id, *(name for _, name in (*self.patients, *self.samples))})

    @property
    def looked_for(self) -> Names:
        """The names, as they are looked for in texts."""
        return Names(self.names, frozenset(self.cohorts))

    def named(self) -> Iterator[Named]:
        """Everything by which a delivery could name the person, each with its cohort."""
        yield from self.patients
        yield from self.samples


def find_person(warehouse: Warehouse, given: str) -> Person:
    """Find a person by ``person_id``, by a patient's id, or by ``COHORT:PATIENT``.

    Raises
    ------
    UnknownPersonError
        If nobody is called so, or several persons are. The message repeats no id.
    """
    found = list(warehouse.rows(query_text("care/person"), {"given": given}))
    persons = sorted({person_id for _, _, person_id in found})
    if not persons:
        msg = "nobody in this warehouse is called so"
        cure = "Give person_id, a patient's id, or COHORT:PATIENT as study.patient has them"
        raise UnknownPersonError(msg, f"{cure}; who was erased before is not there any more")
    if len(persons) > 1:
        cohorts = ", ".join(sorted({cohort_id for cohort_id, _, _ in found}))
        msg = f"{len(persons)} persons are called so, in {cohorts}"
        raise UnknownPersonError(msg, "Say which one: COHORT:PATIENT")
    return person_of(warehouse, persons[0])


def person_of(warehouse: Warehouse, person_id: str) -> Person:
    """Give the person with an id that is known to exist."""
    asked = {"person_id": person_id}
    return Person(
        person_id,
        tuple((row[0], row[1]) for row in warehouse.rows(query_text("care/patients"), asked)),
        tuple((row[0], row[1]) for row in warehouse.rows(query_text("care/samples"), asked)),
    )
