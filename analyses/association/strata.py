"""Sites and cohorts of persons: who is compared with whom."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from roentgene.analyses.association.predictors import Place
from roentgene.schemas.analyses.association import Association
from roentgene.schemas.errors import FileError


class Strata(NamedTuple):
    """Stratum of each person.

    ``code`` indexes ``names`` (sorted); there is one stratum where nothing tells persons apart.
    ``persons`` are those who have one, in the order that was given.
    """

    persons: list[str]
    code: NDArray[np.intp]
    names: list[str]

    @property
    def sizes(self) -> dict[str, int]:
        """Persons of each stratum."""
        found = np.bincount(self.code, minlength=len(self.names))
        return dict(zip(self.names, found.tolist(), strict=True))


def strata_of(
    spec: Association, persons: Sequence[str], places: Mapping[str, frozenset[Place]]
) -> Strata:
    """Find the stratum of each person.

    Raises
    ------
    FileError
        If persons come from several sites or cohorts and the file does not say how they are
        compared, or a person belongs to several.
    """
    several = [person for person in persons if len(places[person]) > 1]
    if several:
        msg = (
            f"{spec.name}: {len(several)} persons have features of more than one cohort or site, "
            f"e.g. {several[0]}"
        )
        raise FileError(msg, "Look at one of the cohorts, or correct the sites")
    place = {person: next(iter(places[person])) for person in persons}
    met = set(place.values())
    if len(met) > 1 and spec.stratify is None and spec.combine is None:
        msg = f"{spec.name}: persons come from {_told(Counter(place.values()))}"
        cure = "Say 'stratify: site' (or cohort), or 'combine: meta': sites differ in both sides"
        raise FileError(msg, cure)
    if spec.stratify == "cohort":
        return _by_cohort(spec, persons, place)
    if len(met) > 1:
        # of whom the site is not known, nothing says with whom they compare
        of_cohort = Counter(cohort_id for cohort_id, _ in met)
        persons = [
            person
            for person in persons
            if place[person].site is not None or of_cohort[place[person].cohort_id] == 1
        ]
    return _coded(persons, {person: _name(place[person]) for person in persons})


def _by_cohort(spec: Association, persons: Sequence[str], place: Mapping[str, Place]) -> Strata:
    sites = Counter(cohort_id for cohort_id, _ in set(place.values()))
    crowded = sorted(cohort_id for cohort_id, n in sites.items() if n > 1)
    if crowded:
        msg = f"{spec.name}: cohort {crowded[0]} has {sites[crowded[0]]} sites"
        raise FileError(msg, "Say 'stratify: site'")
    return _coded(persons, {person: place[person].cohort_id for person in persons})


def _coded(persons: Sequence[str], stratum: Mapping[str, str]) -> Strata:
    names = sorted(set(stratum.values()))
    number = {name: code for code, name in enumerate(names)}
    code = np.array([number[stratum[person]] for person in persons], np.intp)
    return Strata(list(persons), code, names)


def _name(place: Place) -> str:
    return place.cohort_id if place.site is None else f"{place.cohort_id}|{place.site}"


def _told(found: Mapping[Place, int]) -> str:
    """Say how many persons each place has."""
    words = sorted(f"{_name(place)} ({n})" for place, n in found.items())
    told = ", ".join(words[:5]) + (", …" if len(words) > 5 else "")
    return f"{len(words)} sites or cohorts: {told}"
