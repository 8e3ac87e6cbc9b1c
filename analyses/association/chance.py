"""What chance finds: the whole analysis again with the features of other persons."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from roentgene.analyses.association.blocks import Answer, Question, answer, designs_of
from roentgene.analyses.association.design import design_of
from roentgene.analyses.association.permutation import (
    Part,
    permutation_keys,
    permute_together,
    shuffle,
)
from roentgene.analyses.association.ranks import Columns
from roentgene.analyses.association.testing import Tested, correct_together
from roentgene.analyses.constant import Floats
from roentgene.schemas.analyses.association import Association
from roentgene.schemas.errors import FileError

#: What a control looks at: no larger p is of interest in it.
LIMIT = 0.05
_FIRST = 1 << 20
#: Up to which p permutations look: where there are more pairs than this, the smaller one.
_MANY_PAIRS = 1_000_000
_FAR_TAIL = 1e-3


class Summary(NamedTuple):
    """What the tests of each family found; arrays of shape (families,).

    ``smallest_p`` is NaN where no p was kept.
    """

    n_tests: NDArray[np.int64]
    smallest_p: Floats
    n_p05: NDArray[np.int64]
    n_q05: NDArray[np.int64]


def summary(parts: Sequence[Tested], n_families: int) -> Summary:
    """Count the small p and q of each family over all blocks.

    Parameters
    ----------
    parts : sequence of Tested
        Blocks that were corrected together.
    n_families : int
        Number of families.
    """
    n_tests = np.zeros(n_families, np.int64)
    smallest = np.full(n_families, np.inf)
    n_p05, n_q05 = np.zeros(n_families, np.int64), np.zeros(n_families, np.int64)
    for part in parts:
        # after the correction each part has the number of the whole family, where it has members
        n_tests[: part.n_tests.size] = np.maximum(n_tests[: part.n_tests.size], part.n_tests)
        np.minimum.at(smallest, part.family, part.p_value)
        n_p05 += np.bincount(part.family[part.p_value < LIMIT], minlength=n_families)
        n_q05 += np.bincount(part.family[part.q_value < LIMIT], minlength=n_families)
    smallest[np.isinf(smallest)] = np.nan
    return Summary(n_tests, smallest, n_p05, n_q05)


def controls(
    questions: Sequence[Question], n_controls: int, seed: int, n_families: int
) -> Iterator[Summary]:
    """Repeat all blocks with shuffled persons.

    Features, and what belongs to them (the baseline of a change, the volume), are taken from
    another person of the same stratum; targets and clinical covariates stay together. Missing
    values move with their persons. A person gets the features of the same other one in all
    blocks only where the blocks have the same persons.
    """
    for number in range(n_controls):
        found = []
        for question in questions:
            # far from the numbers of the permutations, whose seed it is
            keys = permutation_keys(seed, _FIRST + number, len(question.persons))
            order = shuffle(keys, question.strata.code)
            again = replace(question.shuffled(order), keep_p=LIMIT, list_untested=False)
            found.append(answer(again).tested)
        yield summary(correct_together(found), n_families)


def permutations(
    spec: Association, questions: Sequence[Question], answers: Sequence[Answer]
) -> list[tuple[Floats | None, Floats | None]]:
    """Find p by the largest statistic and false discovery rate by permutation, block by block.

    Blocks of one named family are permuted together: a person takes the same place in all of
    them, and the best of each permutation is the best of all blocks.

    Raises
    ------
    FileError
        If estimates are combined, or each feature has a covariate of its own.
    """
    if not spec.permutations:
        return [(None, None)] * len(questions)
    _refuse_permutations(spec, questions)
    n_pairs = sum(one.features.shape[1] * one.targets.shape[1] for one in questions)
    up_to_p = LIMIT if n_pairs <= _MANY_PAIRS else _FAR_TAIL
    together = [list(range(len(questions)))]
    if spec.family is None:
        # the families of a block are its own, and what other blocks there are changes nothing
        together = [[number] for number in range(len(questions))]
    found: list[tuple[Floats | None, Floats | None]] = []
    for members in together:
        sizes = np.array([questions[number].targets.shape[1] for number in members])
        first = (np.cumsum(sizes) - sizes).tolist()
        permuted = permute_together(
            _parts([questions[number] for number in members], first, up_to_p),
            up_to_p=up_to_p,
            n_permutations=spec.permutations,
            seed=spec.seed,
        )
        for number, start in zip(members, first, strict=True):
            found.append(permuted.of(answers[number].tested, start))
    return found


def _parts(questions: Sequence[Question], first: Sequence[int], up_to_p: float) -> list[Part]:
    """Features that share their covariates, of all blocks."""
    everybody = sorted({person for question in questions for person in question.persons})
    place = {person: number for number, person in enumerate(everybody)}
    found = []
    for question, first_target in zip(questions, first, strict=True):
        persons = np.array([place[person] for person in question.persons], np.intp)
        targets = Columns(question.targets)
        for chosen, covariates in designs_of(question):
            design = design_of(
                question.features[:, chosen],
                targets,
                question.method,
                covariates if covariates.shape[1] else None,
                question.strata.code if len(question.strata.names) > 1 else None,
                None if question.duplicate is None else question.duplicate[chosen],
                up_to_p,
            )
            found.append(Part(design, question.family[chosen], chosen, first_target, persons))
    return found


def _refuse_permutations(spec: Association, questions: Sequence[Question]) -> None:
    """Refuse permutations of what has no statistic or no shuffle of its own."""
    block = questions[0].block.prefix
    why = {
        "estimates that are combined": spec.combine is not None,
        "a covariate for each feature": questions[0].baseline is not None,
    }
    for reason, holds in why.items():
        if holds:
            msg = f"{spec.name}: permutations do not go with {reason}"
            cure = f"Ask for them apart, e.g. of {block} alone; 'controls' go with everything"
            raise FileError(msg, cure)
