"""The target of a release: one value a person, and a reason for everybody who has none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import polars as pl
import pyarrow as pa

from roentgene.analyses.releasing.name_choice import unknown
from roentgene.analyses.releasing.reading import PinnedReader
from roentgene.analyses.releasing.target_values import (
    CONTRADICTING,
    MISSING,
    Found,
    target_values,
)
from roentgene.analyses.releasing.units import Units
from roentgene.schemas.errors import FileError
from roentgene.schemas.release import (
    OutcomeTarget,
    ReleaseSpec,
)

TIME, EVENT, TARGET = "target__time_days", "target__event", "target"
_MOST_CLASSES = 10


@dataclass(frozen=True)
class Target:
    """Target of the persons that have one.

    Parameters
    ----------
    units : Units
        Those who have one.
    arrays : mapping of str to pyarrow.Array
        Target columns by name, a value a row.
    stratum : mapping of str to str
        Class of each person, for splits; of a survival target the event.
    known_days : mapping of str to int or None
        Day by which predictors must have been known, by person, on the clock of the patient that
        ``patients`` names; None where nothing says one.
    patients : mapping of str to tuple
        Patient (cohort_id, patient_id) that gave each person's target.
    """

    units: Units
    arrays: Mapping[str, pa.Array]
    stratum: Mapping[str, str]
    known_days: Mapping[str, int | None]
    patients: Mapping[str, tuple[str, str]]


def find_target(reader: PinnedReader, units: Units, spec: ReleaseSpec) -> Target:
    """Find the target of each person, and leave out those who have none.

    Raises
    ------
    FileError
        If the target does not exist, or nobody has one.
    """
    if isinstance(spec.target, OutcomeTarget):
        return _survival(reader, units, spec.target, spec.landmark_day)
    found, lost = target_values(reader, units, spec.target)
    kept = _kept(units, found, lost, f"with the target {spec.target.name}")
    positive = spec.target.positive
    if positive is not None:
        given = sorted({str(one.value) for one in found.values()})
        for word in positive:
            if word not in given:
                raise unknown(word, given, f"result of {spec.target.name}")
        found = {p: replace(f, value=int(str(f.value) in positive)) for p, f in found.items()}
    of_rows = [found[person] for person in kept.rows["person_id"]]
    values = [one.value for one in of_rows]
    return Target(
        kept,
        {TARGET: pa.array(values)},
        _strata({person: found[person].value for person in kept.persons}),
        {person: found[person].last_day for person in kept.persons},
        {person: found[person].patient for person in kept.persons},
    )


def _strata(values: Mapping[str, Any]) -> dict[str, str]:
    """Class of each person; of a number with many values the quarter in which it lies."""
    numbers = sorted(value for value in values.values() if isinstance(value, float))
    if len(numbers) < len(values) or len(set(numbers)) <= _MOST_CLASSES:
        return {person: str(value) for person, value in values.items()}
    # persons with one value are in one quarter
    quarter = {value: 4 * place // len(numbers) + 1 for place, value in enumerate(numbers)}
    return {person: f"quarter {quarter[value]}" for person, value in values.items()}


def _kept(units: Units, found: Mapping[str, Found], lost: Mapping[str, str], step: str) -> Units:
    missing = {person: lost.get(person, MISSING) for person in units.persons if person not in found}
    if len(missing) == len(units.persons):
        told = ", ".join(f"{n} x {why}" for why, n in sorted(Counter(missing.values()).items()))
        msg = f"nobody is left {step} ({told})"
        raise FileError(msg, "Check the name of the target and the inclusion query")
    return units.keeping(set(found) & set(units.persons), step, dict(Counter(missing.values())))


def _survival(
    reader: PinnedReader, units: Units, target: OutcomeTarget, landmark: int | None
) -> Target:
    known = reader.frame("outcomes", {"cohorts": units.cohorts})
    keys = ["cohort_id", "patient_id"]
    known = known.join(units.patients.select(*keys, "person_id"), on=keys)
    names = sorted(set(known["endpoint"].to_list()))
    if target.name not in names:
        raise unknown(target.name, names, "endpoint")
    rows = known.filter(pl.col("endpoint") == target.name)
    if target.start_anchor is not None:
        starts = sorted(set(rows["start_anchor"].to_list()))
        if target.start_anchor not in starts:
            raise unknown(target.start_anchor, starts, f"start_anchor of {target.name}")
        rows = rows.filter(pl.col("start_anchor") == target.start_anchor)
    anchors = _anchor_days(reader, units)
    found: dict[str, Found] = {}
    lost: dict[str, str] = {}
    of_person = rows.sort("person_id", *keys, "start_anchor").partition_by(
        "person_id", as_dict=True
    )
    for (person,), part in of_person.items():
        given = part.unique(["start_anchor", "time_days", "event"], maintain_order=True)
        if given.height > 1:
            several = given["start_anchor"].n_unique() > 1
            lost[str(person)] = "several anchors; name start_anchor" if several else CONTRADICTING
            continue
        row = given.row(0, named=True)
        day = anchors.get((row["cohort_id"], row["patient_id"], row["start_anchor"]))
        reason = _unusable(row, day)
        if reason is not None:
            lost[str(person)] = reason
            continue
        value = (row["time_days"], row["event"])
        patient = (row["cohort_id"], row["patient_id"])
        found[str(person)] = Found(value, patient, day)
    kept = _kept(units, found, lost, f"with time and event of {target.name}")
    shift = landmark or 0
    early = {p for p in kept.persons if found[p].value[0] <= shift}
    # what is measured on the day from which time counts may already know what happened on it
    if landmark is not None or early:
        kept = _observed(kept, early, shift)
    of_rows = [found[person].value for person in kept.rows["person_id"]]
    return Target(
        kept,
        {
            TIME: pa.array([time - shift for time, _ in of_rows], pa.float64()),
            EVENT: pa.array([event for _, event in of_rows], pa.int64()),
        },
        {person: str(found[person].value[1]) for person in kept.persons},
        {person: (found[person].last_day or 0) + shift for person in kept.persons},
        {person: found[person].patient for person in kept.persons},
    )


def _observed(units: Units, early: set[str], landmark: int) -> Units:
    """Leave out who had the event or was lost until the clock starts."""
    reason = f"event or end of follow-up until day {landmark} after the anchor"
    kept = units.keeping(
        set(units.persons) - early,
        f"under observation at the landmark, day {landmark}",
        {reason: len(early)} if early else {},
    )
    if not kept.persons:
        msg = f"nobody is under observation after the landmark, day {landmark}"
        raise FileError(msg, "Choose an earlier landmark_day")
    return kept


def _unusable(row: Mapping[str, Any], anchor_day: int | None) -> str | None:
    if row["time_days"] is None:
        return "time to the event not known"
    if anchor_day is None:
        return f"day of the anchor {row['start_anchor']} not known"
    return None


def _anchor_days(reader: PinnedReader, units: Units) -> dict[tuple[str, str, str], int]:
    rows = reader.frame("anchors", {"cohorts": units.cohorts})
    return {(c, p, a): int(d) for c, p, a, d in rows.iter_rows() if d is not None}


def with_anchor(reader: PinnedReader, target: Target, spec: ReleaseSpec) -> Target:
    """Take the anchor of the release file for the last day on which predictors may lie.

    Raises
    ------
    FileError
        If nobody has the anchor.
    """
    if spec.anchor is None and spec.anchor_day is None:
        return target
    declared: dict[str, int]
    if spec.anchor is None:
        declared = dict.fromkeys(target.units.persons, spec.anchor_day or 0)
    else:
        days = _anchor_days(reader, target.units)
        given = {p: days.get((*target.patients[p], spec.anchor)) for p in target.units.persons}
        if not any(day is not None for day in given.values()):
            raise unknown(spec.anchor, sorted({a for _, _, a in days}), "anchor")
        declared = {person: day for person, day in given.items() if day is not None}
    days_of = {
        person: day if (own := target.known_days[person]) is None else min(own, day)
        for person, day in declared.items()
    }
    n_lost = len(target.units.persons) - len(declared)
    kept = target.units
    if n_lost:
        step = f"with a day of the anchor {spec.anchor}"
        kept = kept.keeping(set(declared), step, {f"no day of the anchor {spec.anchor}": n_lost})
    old_rows = target.units.rows["person_id"].to_list()
    mask = pa.array([person in declared for person in old_rows])
    return replace(
        target,
        units=kept,
        arrays={name: values.filter(mask) for name, values in target.arrays.items()},
        known_days=days_of,
    )
