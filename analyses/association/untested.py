"""Pairs that were not tested, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from roentgene.analyses.association.pattern_block import (
    CONSTANT,
    DUPLICATE,
    EXPLAINED,
    BlockResult,
)

#: Why a pair was not tested; the position is the code in ``Untested.reason``.
REASONS = (
    "",
    "too_few_persons",
    "constant_feature",
    "constant_target",
    "duplicate_feature",
    "explained_by_covariates",
)


@dataclass(frozen=True)
class Untested:
    """Pairs that were not tested, by feature and target; one element a pair.

    ``reason`` is an index into ``REASONS``.
    """

    feature: NDArray[np.int32]
    target: NDArray[np.int32]
    n: NDArray[np.int32]
    reason: NDArray[np.int8]


#: Reason of a pair by the state of its feature (rows) and of its target (columns).
_REASON = np.zeros((4, 3), np.int8)
_REASON[DUPLICATE] = REASONS.index("duplicate_feature")
_REASON[EXPLAINED] = _REASON[:, EXPLAINED] = REASONS.index("explained_by_covariates")
_REASON[:, CONSTANT] = REASONS.index("constant_target")
_REASON[CONSTANT] = REASONS.index("constant_feature")
_TOO_FEW = REASONS.index("too_few_persons")


def reasons_of(block: BlockResult) -> NDArray[np.int8]:
    """Say of every pair of a block why it was not tested; 0 if it was."""
    if block.too_few:
        return np.full((block.features.size, block.targets.size), _TOO_FEW, np.int8)
    return np.asarray(_REASON[block.feature_state[:, None], block.target_state])


def tests_by_family(block: BlockResult, families: NDArray[np.integer]) -> NDArray[np.int64]:
    """Count the tests of a block by the family of their feature."""
    n_families = int(families.max(initial=-1)) + 1
    if block.too_few:
        return np.zeros(n_families, np.int64)
    features = block.features[block.feature_state == 0]
    n_targets = int((block.target_state == 0).sum())
    return np.bincount(families[features], minlength=n_families).astype(np.int64) * n_targets


def counts_of(blocks: Sequence[BlockResult]) -> dict[str, int]:
    """Count pairs, tests, and by reason the pairs that were not tested."""
    by_reason = np.zeros(len(REASONS), np.int64)
    for block in blocks:
        if block.too_few:
            by_reason[_TOO_FEW] += block.features.size * block.targets.size
            continue
        features = np.bincount(block.feature_state, minlength=4)
        targets = np.bincount(block.target_state, minlength=3)
        np.add.at(by_reason, _REASON, np.outer(features, targets))
    named = {reason or "tested": int(n) for reason, n in zip(REASONS, by_reason, strict=True)}
    return {"pairs": int(by_reason.sum())} | named


def untested_of(blocks: Sequence[BlockResult], n_targets: int) -> Untested:
    """List the pairs that were not tested, by feature and target."""
    found: list[NDArray[np.int64]] = []
    for block in blocks:
        reason = reasons_of(block)
        i, j = np.nonzero(reason)
        n = np.full(i.size, block.n_persons)
        found.append(np.stack([block.features[i], block.targets[j], n, reason[i, j]]))
    feature, target, n, why = np.hstack([np.empty((4, 0), np.int64), *found])
    order = np.argsort(feature * n_targets + target)
    return Untested(
        feature[order].astype(np.int32),
        target[order].astype(np.int32),
        n[order].astype(np.int32),
        why[order].astype(np.int8),
    )
