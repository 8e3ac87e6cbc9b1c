"""Pairs with a small p when the persons of the features stand in another order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from roentgene.analyses.association.correlation_blocks import (
    BLOCK,
    Side,
    are_large,
    correlated,
    correlation_of,
    guard_band,
    is_exact_in_singles,
)
from roentgene.analyses.association.design import Design, adjustment_of
from roentgene.analyses.association.groups import Groups, between_groups, groups_of
from roentgene.analyses.association.p_values import least_h, least_r, p_of_groups, p_of_t, t_of
from roentgene.analyses.association.pattern_block import sides_of
from roentgene.analyses.association.small_samples import MIN_PERSONS
from roentgene.analyses.constant import Floats


class ShuffledBlock(NamedTuple):
    """Vectors of features and targets of some persons.

    ``rows`` are the persons, ``features`` and ``targets`` the columns, ``family`` that of each
    feature; ``basis`` is what covariates span, None without them; ``groups`` are the categories
    of the targets, None where these are numbers.
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
    """Pairs with a small p: columns, families, and p by Student's t or by chi-square."""

    feature: NDArray[np.intp]
    target: NDArray[np.intp]
    family: NDArray[np.intp]
    p_value: Floats

    def where(self, chosen: NDArray[np.intp]) -> Found:
        """Choose some of the pairs, in an order."""
        return Found(
            self.feature[chosen], self.target[chosen], self.family[chosen], self.p_value[chosen]
        )


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
            # features without ties first: their products need no length each
            first = np.argsort(-sides.x.squares, kind="stable")
            block = ShuffledBlock(
                x=sides.x.where(first),
                y=sides.y,
                rows=rows,
                strata=np.zeros(rows.size, np.intp) if strata is None else strata,
                features=sides.features[first],
                targets=sides.targets,
                family=families[sides.features[first]].astype(np.intp),
                basis=adjustment.basis if design.covariates is not None else None,
                degrees=adjustment.degrees,
                groups=groups_of(design.targets.values[np.ix_(rows, sides.targets)])
                if design.method == "kruskal"
                else None,
            )
            found.append(block)
    return found


def _small(block: ShuffledBlock, order: NDArray[np.intp], up_to_p: float) -> Found:
    """Find the pairs of a block with a small p when the persons stand in an order."""
    if block.groups is not None:
        return _small_of_groups(block, block.groups, order, up_to_p)
    x, y, n = block.x.of_persons(order), block.y, block.rows.size
    least = least_r(up_to_p, block.degrees)
    exact = x.whole and is_exact_in_singles(n)
    lengths = np.sqrt(x.squares)
    # of the shuffled residuals of a target, the share that the covariates explain goes
    left = _unexplained(block, order)
    limits = (least - guard_band(n)) * np.sqrt(y.squares) * left
    space = np.empty((x.squares.size, min(BLOCK, y.squares.size)), np.float32)
    parts = []
    for start in range(0, y.squares.size, BLOCK):
        part = y.singles[start : start + BLOCK]
        products = space[:, : part.shape[0]]
        np.matmul(x.singles, part.T, out=products)
        # the sign is not needed: the test is two-sided
        np.abs(products, out=products)
        large = are_large(products, lengths, limits[start : start + BLOCK])
        i, j = np.divmod(np.flatnonzero(large), part.shape[0])
        if exact:
            pairs = correlated(x, y, i, j + start, products[i, j].astype(np.float64))
        else:
            pairs = correlation_of(x, y, i, j + start)
        parts.append((pairs.i, pairs.j, np.abs(pairs.r)))
    i, j, r = (np.concatenate(part) for part in zip(*parts, strict=True))
    r = np.minimum(r / left[j], 1.0)
    p_value = p_of_t(t_of(r, block.degrees), block.degrees)
    small = p_value <= up_to_p
    i, j = i[small], j[small]
    return Found(block.features[i], block.targets[j], block.family[i], p_value[small])


def _small_of_groups(
    block: ShuffledBlock, groups: Groups, order: NDArray[np.intp], up_to_p: float
) -> Found:
    h = (block.rows.size - 1) * between_groups(block.x.of_persons(order), groups)
    i, j = np.nonzero(h >= least_h(up_to_p, groups.number))
    p_value = p_of_groups(h[i, j], groups.number[j])
    small = p_value <= up_to_p
    i, j = i[small], j[small]
    return Found(block.features[i], block.targets[j], block.family[i], p_value[small])


def _unexplained(block: ShuffledBlock, order: NDArray[np.intp]) -> Floats:
    """Length of the shuffled residuals of each target that the covariates do not explain."""
    if block.basis is None:
        return np.ones(block.y.squares.size)
    # shuffling the residuals back is shuffling the covariates
    explained = block.y.vectors @ block.basis[order]
    share = np.einsum("ij,ij->i", explained, explained)
    return np.asarray(np.sqrt(np.maximum(1.0 - share, np.finfo(float).tiny)))


def small_of(
    blocks: Sequence[ShuffledBlock], keys: NDArray[np.uint64] | None, up_to_p: float
) -> Found:
    """Find the pairs of all blocks with a small p; without keys, of the persons as they are."""
    nothing = np.empty(0, np.intp)
    parts = [Found(nothing, nothing, nothing, np.empty(0))]
    for block in blocks:
        order = np.arange(block.rows.size)
        if keys is not None:
            order = shuffle(keys[block.rows], block.strata)
        parts.append(_small(block, order, up_to_p))
    return Found(*(np.concatenate(part) for part in zip(*parts, strict=True)))
