"""Times to events of persons, by the landmark rule of releases."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from roentgene.analyses.association.name_check import absent, refuse_absent
from roentgene.analyses.constant import Floats
from roentgene.analyses.findings import Store
from roentgene.analyses.person_matrix import PersonMatrix
from roentgene.queries.query_file import query_text
from roentgene.schemas.analyses.survival import Survival
from roentgene.schemas.errors import FileError

OUTCOMES_QUERY = "analyses/survival_outcomes"


@dataclass(frozen=True)
class Endpoint:
    """One endpoint of the persons who were under observation when its clock started.

    ``time`` counts from there; ``event`` says whether the event was seen, a competing one being
    the end of follow-up. ``counts`` says who was left out.
    """

    name: str
    start_anchor: str
    persons: list[str]
    time: Floats
    event: NDArray[np.bool_]
    counts: dict[str, int]


def read_endpoints(warehouse: Store, spec: Survival, features: PersonMatrix) -> list[Endpoint]:
    """Endpoints of the persons who have features, by the landmark rule of releases.

    Raises
    ------
    FileError
        If an endpoint does not exist, a person has several rows of one, features were measured
        after the clock started, or nobody is left.
    """
    endpoints = None if spec.endpoints == "all" else list(spec.endpoints)
    asked = {
        "cohort_id": spec.cohort_id,
        "timepoint": spec.timepoint,
        "endpoints": endpoints,
        "start_anchor": spec.start_anchor,
    }
    sql = query_text(OUTCOMES_QUERY)
    rows = warehouse.arrow(sql, asked)
    if rows.num_rows == 0 or (endpoints and absent(endpoints, rows["endpoint"])):
        free = {"endpoints": None, "start_anchor": None}
        everything = warehouse.arrow(sql, asked | free)
        refuse_absent(spec.name, "endpoints", endpoints or [], everything["endpoint"])
        anchors = [] if spec.start_anchor is None else [spec.start_anchor]
        refuse_absent(spec.name, "start_anchor", anchors, everything["start_anchor"])
        msg = f"{spec.name}: cohort {spec.cohort_id} has no times to an event that fit"
        raise FileError(msg, "Ingest clinical.outcome, or check endpoints and start_anchor")
    names = sorted(set(rows["endpoint"].to_pylist()))
    return [
        _endpoint(spec, rows.filter(pc.equal(rows["endpoint"], name)), name, set(features.persons))
        for name in names
    ]


def _endpoint(spec: Survival, rows: pa.Table, name: str, persons: set[str]) -> Endpoint:
    _refuse_several(spec, rows, name)
    known = [row for row in rows.to_pylist() if row["person_id"] in persons]
    counts: Counter[str] = Counter(
        persons_with_endpoint=rows.num_rows, persons_with_both=len(known)
    )
    usable = []
    for row in known:
        if row["time_days"] is None:
            counts["time_not_known"] += 1
        elif row["anchor_day"] is None:
            counts["anchor_day_not_known"] += 1
        else:
            usable.append(row)
    shift = spec.landmark_day or 0
    kept = [row for row in usable if row["time_days"] > shift]
    _refuse_late(spec, kept, name, shift)
    counts["event_or_lost_until_clock_starts"] = len(usable) - len(kept)
    if not kept:
        told = ", ".join(f"{number} {what}" for what, number in sorted(counts.items()))
        msg = f"{spec.name}: nobody is left with features and a time to {name} ({told})"
        raise FileError(msg, "Check endpoints, timepoint and landmark_day")
    event = np.array([row["event"] for row in kept])
    counts["competing_events_censored"] = int((event > 1).sum())
    counts["persons"], counts["events"] = len(kept), int((event == 1).sum())
    return Endpoint(
        name,
        kept[0]["start_anchor"],
        [row["person_id"] for row in kept],
        np.array([row["time_days"] for row in kept]) - shift,
        event == 1,
        dict(counts),
    )


def _refuse_several(spec: Survival, rows: pa.Table, name: str) -> None:
    if len(set(rows["start_anchor"].to_pylist())) > 1:
        anchors = ", ".join(sorted(set(rows["start_anchor"].to_pylist())))
        msg = f"{spec.name}: {name} counts from several anchors: {anchors}"
        raise FileError(msg, "Name one of them as start_anchor")
    frequency = Counter(rows["person_id"].to_pylist())
    several = sorted(person for person, number in frequency.items() if number > 1)
    if several:
        msg = f"{spec.name}: {len(several)} persons have several rows of {name}, e.g. {several[0]}"
        raise FileError(msg, "Deliver one row a person and endpoint")


def _refuse_late(spec: Survival, rows: list[dict[str, float]], name: str, shift: int) -> None:
    """Refuse features of which nobody knows that they were there when the clock started."""
    undated = sum(row["study_day"] is None for row in rows)
    if undated:
        msg = f"{spec.name}: the visit {spec.timepoint} of {undated} persons has no day"
        raise FileError(msg, "Give the visits a day (kind: timepoint), or leave them out")
    days = [row["study_day"] - row["anchor_day"] for row in rows]
    late = sum(day > shift for day in days)
    if not late:
        return
    latest = int(max(days))
    if spec.landmark_day is None:
        msg = (
            f"{spec.name}: the features of {late} persons were measured up to {latest} days after "
            f"the time to {name} begins to count: who lives to be measured has outlived the others"
        )
        cure = f"Declare landmark_day, e.g. {latest}, or take a visit until the anchor"
        raise FileError(msg, cure)
    msg = (
        f"{spec.name}: the features of {late} persons were measured after the landmark, day {shift}"
    )
    raise FileError(msg, f"Declare a later landmark_day ({latest} is the last day of the visit)")
