"""Tests of all pairs of some features and some targets that have the same persons."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from roentgene.analyses.association.correlation_blocks import Pairs, Side, pairs
from roentgene.analyses.association.covariates import Adjustment, rank_scores, unit_residuals
from roentgene.analyses.association.design import Design, adjustment_of
from roentgene.analyses.association.groups import between_groups, groups_of
from roentgene.analyses.association.p_values import (
    EXACT,
    Judged,
    bounded,
    judge_correlations,
    judge_groups,
    judge_two_groups,
    judge_within_strata,
    least_r,
)
from roentgene.analyses.association.ranks import Columns, Mask
from roentgene.analyses.association.small_samples import (
    EXACT_UP_TO,
    MIN_PERSONS,
    exact_p,
    smallest_p,
)
from roentgene.analyses.constant import Floats

#: States of a column that cannot be tested; 0 if it can.
CONSTANT, EXPLAINED, DUPLICATE = 1, 2, 3
_TARGETS_AT_ONCE = 64


class BlockResult(NamedTuple):
    """Kept pairs of some features and targets, and the state of each of these columns.

    ``features`` and ``targets`` are the columns, ``feature_state`` and ``target_state`` have an
    element for each of them; the others have an element for each kept pair.
    """

    features: NDArray[np.intp]
    targets: NDArray[np.intp]
    feature_state: NDArray[np.int8]
    target_state: NDArray[np.int8]
    n_persons: int
    too_few: bool
    feature: NDArray[np.intp]
    target: NDArray[np.intp]
    n: NDArray[np.int32]
    estimate: Floats
    statistic: Floats
    p_value: Floats
    p_method: NDArray[np.int8]


class _Kept(NamedTuple):
    i: NDArray[np.intp]
    j: NDArray[np.intp]
    judged: Judged


class Sides(NamedTuple):
    """Columns that can be tested, as vectors; which they are; and the states of all."""

    x: Side
    y: Side
    features: NDArray[np.intp]
    targets: NDArray[np.intp]
    feature_state: NDArray[np.int8]
    target_state: NDArray[np.int8]


def assess(
    design: Design, rows: Mask, i: NDArray[np.intp], j: NDArray[np.intp], n_threads: int
) -> BlockResult:
    """Test some features against some targets.

    Parameters
    ----------
    design : Design
        What is tested.
    rows : ndarray of bool, shape (persons,)
        Persons that have all these features and targets.
    i, j : ndarray of int
        Columns of the features and of the targets.
    n_threads : int
        Threads to work in.
    """
    adjustment = adjustment_of(design, rows)
    n = int(adjustment.rows.sum())
    if n < MIN_PERSONS or adjustment.degrees < MIN_PERSONS - 2:
        return _nothing(i, j, n)
    sides = sides_of(design, adjustment, i, j)
    if not (sides.features.size and sides.targets.size):
        kept = []
    elif design.method == "kruskal":
        kept = _kruskal(design, adjustment.rows, sides)
    else:
        kept = _correlate(design, sides, adjustment, n_threads)
    return _result(design, sides, kept, (i, j), n)


def sides_of(
    design: Design, adjustment: Adjustment, i: NDArray[np.intp], j: NDArray[np.intp]
) -> Sides:
    """Make vectors of the columns that can be tested."""
    x, features, feature_state = _side(design, design.features, adjustment, i, design.duplicate[i])
    y, targets, target_state = _side(design, design.targets, adjustment, j, np.zeros(j.size, bool))
    return Sides(x, y, features, targets, feature_state, target_state)


def _side(
    design: Design,
    columns: Columns,
    adjustment: Adjustment,
    chosen: NDArray[np.intp],
    duplicate: Mask,
) -> tuple[Side, NDArray[np.intp], NDArray[np.int8]]:
    rows = adjustment.rows
    state = np.where(duplicate, DUPLICATE, 0).astype(np.int8)
    state[columns.constant(rows, chosen)] = CONSTANT
    if design.method == "pearson" or design.adjusted:
        vary = np.flatnonzero(state != CONSTANT)
        values = (
            columns.values[np.ix_(rows, chosen[vary])].T
            if design.method == "pearson"
            else rank_scores(columns, rows, chosen[vary], adjustment.strata)
        )
        units, explained = unit_residuals(values, adjustment.basis)
        state[vary[explained]] = EXPLAINED
        return Side.of_units(units[state[vary] == 0]), chosen[state == 0], state
    ranks = columns.centred_ranks(rows, chosen)
    if (state == 0).all():
        return Side.of_ranks(ranks), chosen, state
    return Side.of_ranks(ranks.where(state == 0)), chosen[state == 0], state


def _correlate(design: Design, sides: Sides, adjustment: Adjustment, n_threads: int) -> list[_Kept]:
    """Correlations, or differences of two groups, of all pairs."""
    x, y, degrees = sides.x, sides.y, adjustment.degrees
    n = int(adjustment.rows.sum())
    few = n <= EXACT_UP_TO and not design.adjusted
    if design.method == "mann_whitney":
        # without the continuity correction z is r sqrt(n - 1), and with it p is larger
        z = -special.ndtri(min(design.keep_p, 1.0) / 2)
        least = float(z / np.sqrt(n - 1) * (1 - 1e-9))
        n_upper = -y.vectors.min(axis=1).astype(np.intp)
    else:
        least = least_r(design.keep_p, degrees)
    if few:
        least = 0.0
    bound_x, bound_y = _bounds(design, sides, adjustment.rows) if few else (None, None)

    # one stratum is none, unless it is as small
    strata = adjustment.strata
    several = strata is not None and (strata.any() or n <= EXACT_UP_TO)
    within_strata = several and design.method == "spearman"

    def judged(found: Pairs) -> Judged:
        if design.method == "mann_whitney":
            untied = ~x.tied[found.i] if few else None
            squares = x.squares[found.i]
            return judge_two_groups(found.products, squares, n_upper[found.j], untied, n)
        if within_strata:
            return judge_within_strata(found.r, degrees)
        by_t = judge_correlations(found.r, degrees)
        if few and x.whole:
            p_value = exact_p(found.products, x.vectors, y.vectors, found.i, found.j)
            return by_t.by(EXACT, p_value)
        if bound_x is not None and bound_y is not None:
            return bounded(by_t, np.maximum(bound_x[found.i], bound_y[found.j]))
        return by_t

    def judge(found: Pairs) -> _Kept:
        return _keep(design, found.i, found.j, judged(found))

    return pairs(x, y, least, judge, n_threads)


def _bounds(design: Design, sides: Sides, rows: Mask) -> tuple[Floats, Floats]:
    """Smallest p of all permutations of each feature and of each target."""
    x, y = (
        smallest_p(columns.values[np.ix_(rows, chosen)].T)
        for columns, chosen in ((design.features, sides.features), (design.targets, sides.targets))
    )
    return x, y


def _kruskal(design: Design, rows: Mask, sides: Sides) -> list[_Kept]:
    """Shares of the ranks' variance between the categories of each target."""
    x, n = sides.x, int(rows.sum())
    kept = []
    for start in range(0, sides.targets.size, _TARGETS_AT_ONCE):
        some = sides.targets[start : start + _TARGETS_AT_ONCE]
        groups = groups_of(design.targets.values[np.ix_(rows, some)])
        shares = between_groups(x, groups)
        i, j = np.indices(shares.shape).reshape(2, -1)
        judged = judge_groups(shares.ravel(), groups.number[j], n)
        kept.append(_keep(design, i, j + start, judged))
    return kept


def _keep(design: Design, i: NDArray[np.intp], j: NDArray[np.intp], judged: Judged) -> _Kept:
    if design.keep_p >= 1:
        return _Kept(i, j, judged)
    small = judged.p_value <= design.keep_p
    return _Kept(i[small], j[small], judged.where(small))


def _result(
    design: Design,
    sides: Sides,
    kept: list[_Kept],
    columns: tuple[NDArray[np.intp], NDArray[np.intp]],
    n: int,
) -> BlockResult:
    nothing = _nothing(*columns, n)._replace(
        feature_state=sides.feature_state, target_state=sides.target_state, too_few=False
    )
    if not kept:
        return nothing
    judged = [np.concatenate([part.judged[k] for part in kept]) for k in range(len(Judged._fields))]
    i, j = (np.concatenate([part[k] for part in kept]) for k in range(2))
    return nothing._replace(
        feature=sides.features[i],
        target=sides.targets[j],
        n=np.full(i.size, n, np.int32),
        estimate=judged[0],
        statistic=judged[1],
        p_value=judged[2],
        p_method=judged[3],
    )


def _nothing(i: NDArray[np.intp], j: NDArray[np.intp], n: int) -> BlockResult:
    """Make the result of a block with too few persons."""
    places, numbers = np.empty(0, np.intp), np.empty(0)
    return BlockResult(
        features=i,
        targets=j,
        feature_state=np.zeros(i.size, np.int8),
        target_state=np.zeros(j.size, np.int8),
        n_persons=n,
        too_few=True,
        feature=places,
        target=places,
        n=np.empty(0, np.int32),
        estimate=numbers,
        statistic=numbers,
        p_value=numbers,
        p_method=np.empty(0, np.int8),
    )
