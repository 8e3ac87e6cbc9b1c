"""Pairs with a small p when the persons of the features stand in another order.

Pairs are compared by scores, of which a smaller one has a smaller p: ``-|r|``, for p of each of the
many pairs that chance finds would cost as much as a tenth of their products; p itself for groups.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from roentgene.analyses.association.correlation_blocks import (
    BLOCK,
    NEAREST_TO_ONE,
    Side,
    are_large,
    correlated,
    correlation_of,
    guard_band,
    is_exact_in_singles,
)
from roentgene.analyses.association.design import Design, adjustment_of
from roentgene.analyses.association.groups import Groups, between_groups, groups_of
from roentgene.analyses.association.p_values import (
    least_h,
    least_r,
    p_of_groups,
    p_of_t,
    r_of,
    t_of,
)
from roentgene.analyses.association.pattern_block import sides_of
from roentgene.analyses.association.small_samples import MIN_PERSONS
from roentgene.analyses.constant import Floats


class ShuffledBlock(NamedTuple):
    """Vectors of features and targets of some persons.

    ``rows`` are the persons, ``features`` and ``targets`` the columns, ``family`` that of each
    feature; ``basis`` is what covariates span, None without them; ``degrees`` are those of
    Student's t, 0 for groups; ``groups`` are the categories of the targets, None where these are
    numbers.
    """

    x: Side
    y: Side
    rows: NDArray[np.intp]
    strata: NDArray[np.intp]
    features: NDArray[np.intp]
    targets: NDArray[np.intp]
    family: NDArray[np.intp]
    basis: Floats | None
    degrees: int
    groups: Groups | None


class Found(NamedTuple):
    """All pairs with a small p, and perhaps some others: columns, families, and scores."""

    feature: NDArray[np.intp]
    target: NDArray[np.intp]
    family: NDArray[np.intp]
    score: Floats


def p_of_score(score: Floats, degrees: int) -> Floats:
    """P of the scores of a block, by Student's t or by chi-square."""
    return p_of_t(t_of(score, degrees), degrees) if degrees else score


def score_of_p(p_value: Floats, degrees: int) -> Floats:
    """Scores that pairs of a block with such p have."""
    return NEAREST_TO_ONE - r_of(p_value, degrees) if degrees else p_value


def permutation_keys(seed: int, number: int, n_persons: int) -> NDArray[np.uint64]:
    """Sort keys of all persons for one shuffle.

    Notes
    -----
    The raw words of a bit generator are the same in all versions of numpy; its permutations are
    not promised to be.
    """
    return np.random.PCG64([seed, number]).random_raw(n_persons)


def shuffle(keys: NDArray[np.uint64], strata: NDArray[np.intp]) -> NDArray[np.intp]:
    """Order by keys within strata.

    Examples
    --------
    >>> shuffle(np.array([5, 1, 9, 2], np.uint64), np.array([0, 1, 0, 1])).tolist()
    [0, 1, 2, 3]
    >>> shuffle(np.array([5, 1, 4, 2], np.uint64), np.array([0, 1, 0, 1])).tolist()
    [2, 1, 0, 3]
    """
    order = np.empty(keys.size, np.intp)
    order[np.argsort(strata, kind="stable")] = np.lexsort((keys, strata))
    return order


def blocks_of(design: Design, families: NDArray[np.integer]) -> list[ShuffledBlock]:
    """Make the vectors of all columns that can be tested, by missing pattern."""
    found = []
    for feature_rows, i in design.features.patterns():
        for target_rows, j in design.targets.patterns():
            adjustment = adjustment_of(design, feature_rows & target_rows)
            rows = np.flatnonzero(adjustment.rows)
            if rows.size < MIN_PERSONS or adjustment.degrees < MIN_PERSONS - 2:
                continue
            sides = sides_of(design, adjustment, i, j)
            if not (sides.features.size and sides.targets.size):
                continue
            strata = adjustment.strata
            # the targets of a part of the products shall have much the same length
            by_length = np.argsort(sides.y.squares, kind="stable")
            targets = sides.targets[by_length]
            block = ShuffledBlock(
                x=sides.x,
                y=sides.y.where(by_length),
                rows=rows,
                strata=np.zeros(rows.size, np.intp) if strata is None else strata,
                features=sides.features,
                targets=targets,
                family=families[sides.features].astype(np.intp),
                basis=adjustment.basis if design.covariates is not None else None,
                degrees=0 if design.method == "kruskal" else adjustment.degrees,
                groups=groups_of(design.targets.values[np.ix_(rows, targets)])
                if design.method == "kruskal"
                else None,
            )
            found.append(block)
    return found


def pairs_of(block: ShuffledBlock, keys: NDArray[np.uint64] | None, up_to_p: float) -> Found:
    """Find the pairs of a block with a small p; without keys, of the persons as they are."""
    order = np.arange(block.rows.size)
    if keys is not None:
        order = shuffle(keys[block.rows], block.strata)
    if block.groups is not None:
        i, j, score = _of_groups(block, block.groups, order, up_to_p)
    else:
        i, j, score = _correlated(block, order, up_to_p)
    return Found(block.features[i], block.targets[j], block.family[i], score)


def _correlated(
    block: ShuffledBlock, order: NDArray[np.intp], up_to_p: float
) -> tuple[NDArray[np.intp], NDArray[np.intp], Floats]:
    x, y, n = block.x, block.y, block.rows.size
    # of the shuffled residuals of a target, the share that the covariates explain goes
    left = _unexplained(block, order)
    limits = (least_r(up_to_p, block.degrees) - guard_band(n)) * np.sqrt(y.squares) * left
    lengths, shuffled = np.sqrt(x.squares), x.singles.T[order]
    space = np.empty((min(BLOCK, y.squares.size), x.squares.size), np.float32)
    places, sizes = [], []
    for start in range(0, y.squares.size, BLOCK):
        part = y.singles[start : start + BLOCK]
        products = np.matmul(part, shuffled, out=space[: part.shape[0]])
        # the sign is not needed: the test is two-sided
        np.abs(products, out=products)
        found = np.flatnonzero(are_large(products, limits[start : start + BLOCK], lengths))
        places.append(found + start * lengths.size)
        sizes.append(products.ravel()[found])
    j, i = np.divmod(np.concatenate(places), lengths.size)
    if x.whole and is_exact_in_singles(n):
        pairs = correlated(x, y, i, j, np.concatenate(sizes).astype(np.float64))
    else:
        pairs = correlation_of(x.of_persons(order), y, i, j)
    return i, j, -np.minimum(np.abs(pairs.r) / left[j], 1.0)


def _of_groups(
    block: ShuffledBlock, groups: Groups, order: NDArray[np.intp], up_to_p: float
) -> tuple[NDArray[np.intp], NDArray[np.intp], Floats]:
    h = (block.rows.size - 1) * between_groups(block.x.of_persons(order), groups)
    i, j = np.nonzero(h >= least_h(up_to_p, groups.number))
    return i, j, p_of_groups(h[i, j], groups.number[j])


def _unexplained(block: ShuffledBlock, order: NDArray[np.intp]) -> Floats:
    """Length of the shuffled residuals of each target that the covariates do not explain."""
    if block.basis is None:
        return np.ones(block.y.squares.size)
    # shuffling the residuals back is shuffling the covariates
    explained = block.y.vectors @ block.basis[order]
    share = np.einsum("ij,ij->i", explained, explained)
    return np.asarray(np.sqrt(np.maximum(1.0 - share, np.finfo(float).tiny)))
