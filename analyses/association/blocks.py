"""One target block tested: which persons, which covariates beside which features."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from roentgene.analyses.association.fixed_effects import combine
from roentgene.analyses.association.predictors import Predictors
from roentgene.analyses.association.ranks import Columns, Mask
from roentgene.analyses.association.strata import Strata
from roentgene.analyses.association.targets import Block, Covariates
from roentgene.analyses.association.testing import Method, Tested, Untested, associate
from roentgene.analyses.constant import Floats
from roentgene.analyses.person_matrix import PersonMatrix
from roentgene.schemas.errors import FileError


@dataclass(frozen=True)
class Question:
    """One block with all that its test needs, for the persons that have both sides.

    ``features`` and ``baseline`` have the shape (persons, features), ``targets`` (persons,
    targets), the covariates one row a person; ``volume_of`` says for each feature which column
    of ``volumes`` is that of its region.
    """

    block: Block
    method: Method
    persons: list[str]
    features: Floats
    targets: Floats
    strata: Strata
    meta: bool
    family: NDArray[np.intp]
    duplicate: Mask | None
    clinical: Floats
    volumes: Floats | None
    volume_of: NDArray[np.intp] | None
    baseline: Floats | None
    keep_p: float
    list_untested: bool

    @property
    def n_covariates(self) -> int:
        """Covariates that each feature is tested with."""
        n_clinical: int = self.clinical.shape[1]
        return n_clinical + (self.volumes is not None) + (self.baseline is not None)

    def shuffled(self, order: NDArray[np.intp]) -> Question:
        """Take the features, and what belongs to them, of other persons."""
        volumes = None if self.volumes is None else self.volumes[order]
        baseline = None if self.baseline is None else self.baseline[order]
        return replace(self, features=self.features[order], volumes=volumes, baseline=baseline)


class Answer(NamedTuple):
    """What the test of a block gave.

    ``n_strata`` has one element a kept pair; ``heterogeneity_p`` too, or is None.
    """

    tested: Tested
    n_strata: NDArray[np.int32]
    heterogeneity_p: Floats | None


def rows_of(matrix: PersonMatrix | None, persons: Sequence[str]) -> Floats:
    """Rows of these persons, NaN for those who have none; without a matrix no column."""
    if matrix is None:
        return np.empty((len(persons), 0))
    place = {person: row for row, person in enumerate(matrix.persons)}
    found = np.full((len(persons), matrix.values.shape[1]), np.nan)
    for row, person in enumerate(persons):
        if person in place:
            found[row] = matrix.values[place[person]]
    return found


def volume_columns(
    run: str, predictors: Predictors, covariates: Covariates
) -> NDArray[np.intp] | None:
    """Which column of the volumes is that of each feature.

    Raises
    ------
    FileError
        If nobody has a volume of the region of some features.
    """
    if covariates.volumes is None:
        return None
    keys = covariates.volumes.columns.column_names
    known = {tuple(row.values()): i for i, row in enumerate(covariates.volumes.columns.to_pylist())}
    wanted = predictors.columns.select(keys).to_pylist()
    found = [known.get(tuple(row.values())) for row in wanted]
    missing = [row for row, column in zip(wanted, found, strict=True) if column is None]
    if missing:
        msg = (
            f"{run}: {len(missing)} of {len(found)} features have no volume of their region, "
            f"e.g. those of {', '.join(str(word) for word in missing[0].values())}"
        )
        raise FileError(msg, "Leave out 'volume' of the covariates, or these features")
    return np.array(found, np.intp)


def answer(question: Question) -> Answer:
    """Test a block: whole, within strata, or stratum by stratum and combined."""
    n_strata = len(question.strata.names)
    if not question.meta or n_strata < 2:
        strata = question.strata.code if n_strata > 1 else None
        tested = _tested(question, slice(None), strata, question.keep_p, question.list_untested)
        counted = np.full(tested.feature.size, n_strata, np.int32)
        return Answer(tested, counted, None)
    sites = [
        _tested(question, question.strata.code == code, None, 1.0, list_untested=True)
        for code in range(n_strata)
    ]
    combined = combine(
        sites,
        (question.features.shape[1], question.targets.shape[1]),
        families=question.family,
        n_covariates=question.n_covariates,
        keep_p=question.keep_p,
    )
    tested = combined.tested
    if not question.list_untested:
        tested = replace(tested, untested=None)
    return Answer(tested, combined.n_strata, combined.heterogeneity_p)


def _tested(
    question: Question,
    rows: slice | Mask,
    strata: NDArray[np.intp] | None,
    keep_p: float,
    list_untested: bool,
) -> Tested:
    # their ranks are kept from one design to the next
    targets = Columns(question.targets[rows])
    parts = []
    for chosen, covariates in designs_of(question):
        tested = associate(
            question.features[rows][:, chosen],
            targets,
            method=question.method,
            covariates=covariates[rows] if covariates.shape[1] else None,
            strata=None if strata is None else strata[rows],
            families=question.family[chosen],
            duplicate=None if question.duplicate is None else question.duplicate[chosen],
            keep_p=keep_p,
            list_untested=list_untested,
        )
        parts.append(_in_place(tested, chosen))
    # a target that is infinite is met by every design, and is one all the same
    n_infinite = int(np.isinf(question.features[rows]).sum()) + targets.n_infinite
    return replace(_joined(parts), n_infinite=n_infinite)


def designs_of(question: Question) -> Iterator[tuple[NDArray[np.intp], Floats]]:
    """Give features that share their covariates, and these."""
    everything = np.arange(question.features.shape[1])
    if question.baseline is not None:
        for number in everything:
            parts = [question.clinical, question.baseline[:, [number]]]
            if question.volumes is not None and question.volume_of is not None:
                parts.append(question.volumes[:, [question.volume_of[number]]])
            yield everything[[number]], np.hstack(parts)
    elif question.volumes is not None and question.volume_of is not None:
        for column in np.unique(question.volume_of):
            volume = question.volumes[:, [column]]
            chosen = np.flatnonzero(question.volume_of == column)
            yield chosen, np.hstack([question.clinical, volume])
    else:
        yield everything, question.clinical


def _in_place(tested: Tested, chosen: NDArray[np.intp]) -> Tested:
    """Give features their numbers among those of the whole block."""
    untested = tested.untested
    if untested is not None:
        place = chosen[untested.feature].astype(np.int32)
        untested = replace(untested, feature=place)
    place = chosen[tested.feature].astype(np.int32)
    return replace(tested, feature=place, untested=untested)


def _joined(parts: Sequence[Tested]) -> Tested:
    """Make one result of those of disjoint features; q is that of the parts still."""
    if len(parts) == 1:
        return parts[0]
    counts: dict[str, int] = {}
    n_tests = np.zeros(max(part.n_tests.size for part in parts), np.int64)
    for part in parts:
        n_tests[: part.n_tests.size] += part.n_tests
        for name, number in part.counts.items():
            counts[name] = counts.get(name, 0) + number
    untested = [part.untested for part in parts if part.untested is not None]
    aucs = [part.auc for part in parts if part.auc is not None]
    return replace(
        parts[0],
        feature=np.concatenate([part.feature for part in parts]),
        target=np.concatenate([part.target for part in parts]),
        n=np.concatenate([part.n for part in parts]),
        estimate=np.concatenate([part.estimate for part in parts]),
        statistic=np.concatenate([part.statistic for part in parts]),
        p_value=np.concatenate([part.p_value for part in parts]),
        p_method=np.concatenate([part.p_method for part in parts]),
        q_value=np.concatenate([part.q_value for part in parts]),
        family=np.concatenate([part.family for part in parts]),
        auc=np.concatenate(aucs) if len(aucs) == len(parts) else None,
        n_tests=n_tests,
        counts=counts,
        untested=Untested(
            np.concatenate([part.feature for part in untested]),
            np.concatenate([part.target for part in untested]),
            np.concatenate([part.n for part in untested]),
            np.concatenate([part.reason for part in untested]),
        )
        if len(untested) == len(parts)
        else None,
    )
