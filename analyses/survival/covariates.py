"""Covariates of a survival analysis as columns of numbers: classes as 0 and 1."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from roentgene.analyses.association.name_check import refuse_absent
from roentgene.analyses.constant import Floats
from roentgene.analyses.findings import Store
from roentgene.queries.query_file import query_text
from roentgene.schemas.analyses.survival import Survival
from roentgene.schemas.errors import FileError
from roentgene.schemas.tell_tales import tells_outcome

COVARIATES_QUERY = "analyses/survival_covariates"


class Covariates(NamedTuple):
    """Columns of the persons who have a value of every covariate, and who lacks which one.

    ``names`` are those of the columns, ``sex=M`` for a class; ``values`` has the shape (persons,
    columns).
    """

    names: list[str]
    persons: list[str]
    values: Floats
    counts: dict[str, int]


def read_covariates(
    warehouse: Store, spec: Survival, persons: Sequence[str], endpoints: Sequence[str]
) -> Covariates:
    """Covariates of a spec for these persons.

    Raises
    ------
    FileError
        If a covariate does not exist, tells the outcome, or a person has several values of one.
    """
    names = list(spec.covariates.names)
    if not names:
        return Covariates([], list(persons), np.empty((len(persons), 0)), {})
    telling = [name for name in names if tells_outcome(name, tuple(endpoints))]
    if telling:
        msg = f"{spec.name}: the covariate {telling[0]} tells the outcome"
        raise FileError(msg, "Leave it out")
    asked = {
        "cohort_id": spec.cohort_id,
        "timepoint": spec.timepoint,
        "clinical": list(spec.covariates.clinical or ()),
        "markers": list(spec.covariates.markers or ()),
    }
    rows = warehouse.arrow(query_text(COVARIATES_QUERY), asked)
    refuse_absent(spec.name, "covariates", names, rows["covariate"])
    by_name: dict[str, dict[str, tuple[float | None, str]]] = {name: {} for name in names}
    several: Counter[str] = Counter()
    for row in rows.to_pylist():
        given = by_name[row["covariate"]]
        several[row["covariate"]] += row["person_id"] in given
        given[row["person_id"]] = (row["value_number"], row["value_text"])
    if any(several.values()):
        name, number = several.most_common(1)[0]
        msg = f"{spec.name}: {number} persons have several values of {name}"
        raise FileError(msg, "Deliver one value a person: of the patient or of the visit")
    complete = [person for person in persons if all(person in by_name[name] for name in names)]
    counts = {
        f"covariate_missing:{name}": sum(person not in by_name[name] for person in persons)
        for name in names
    }
    for name in names:
        _refuse_mixed(spec.name, name, [number for number, _ in by_name[name].values()])
    columns = [_columns(name, by_name[name], complete) for name in names]
    values = np.hstack([part for _, part in columns])
    return Covariates([word for words, _ in columns for word in words], complete, values, counts)


def _refuse_mixed(spec_name: str, name: str, numbers: Sequence[float | None]) -> None:
    n_numbers = sum(number is not None for number in numbers)
    if 0 < n_numbers < len(numbers):
        msg = (
            f"{spec_name}: {name} is a number for {n_numbers} persons and a word for "
            f"{len(numbers) - n_numbers}: as words each number would be a class of its own"
        )
        raise FileError(msg, "Name the words under 'missing' in the cohort file, or leave it out")


def _columns(
    name: str, known: dict[str, tuple[float | None, str]], persons: Sequence[str]
) -> tuple[list[str], Floats]:
    """Columns of one covariate: itself where it is a number, else each class but the first."""
    given: list[Any] = [known[person] for person in persons]
    if all(number is not None for number, _ in given):
        return [name], np.array([number for number, _ in given], np.float64).reshape(-1, 1)
    words = np.array([word for _, word in given])
    levels = sorted(set(words.tolist()))[1:]
    values = (words[:, None] == np.array(levels)[None, :]).astype(np.float64)
    return [f"{name}={level}" for level in levels], values.reshape(len(persons), len(levels))
