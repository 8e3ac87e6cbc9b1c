"""How large each family of tests is, and how many independent tests it amounts to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from roentgene.analyses.association.blocks import Question
from roentgene.analyses.association.correlation_blocks import one_blas_thread
from roentgene.analyses.association.effective_tests import effective_tests
from roentgene.analyses.constant import Floats


class FamilySizes(NamedTuple):
    """Size of each family; arrays of shape (families,), NaN where none can be told."""

    n_features: NDArray[np.int64]
    n_targets: NDArray[np.int64]
    n_pairs: NDArray[np.int64]
    effective_features: Floats
    effective_targets: Floats


def family_sizes(questions: Sequence[Question], n_families: int) -> FamilySizes:
    """Count features, targets and pairs of each family, and what they amount to.

    Where a family reaches over several blocks, its features are counted among the persons of the
    first one, and effective targets are summed.
    """
    n_features, n_targets = np.zeros(n_families, np.int64), np.zeros(n_families, np.int64)
    n_pairs = np.zeros(n_families, np.int64)
    features, targets = np.full(n_families, np.nan), np.zeros(n_families)
    for question in questions:
        targets_of_block = _effective(question.targets)
        for number in np.unique(question.family):
            members = question.family == number
            if not n_features[number]:
                n_features[number] = members.sum()
                features[number] = _effective(question.features[:, members])
            n_targets[number] += question.targets.shape[1]
            n_pairs[number] += members.sum() * question.targets.shape[1]
            targets[number] += targets_of_block
    return FamilySizes(n_features, n_targets, n_pairs, features, targets)


def _effective(values: Floats) -> float:
    """Effective number of columns by Galwey's rule; one column is one."""
    if values.shape[1] == 1:
        return 1.0
    # eigenvalues are the same to the last digit only on one thread
    with one_blas_thread():
        found = effective_tests(values)
    return np.nan if found is None else found.galwey
