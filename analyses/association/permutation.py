"""What chance finds: every pair again with shuffled persons, as often as one likes.

The persons of the features are shuffled, and nothing else: what belongs together among the
features, and among the targets, stays together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from threading import Lock
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from roentgene.analyses.association.correlation_blocks import in_threads, one_blas_thread
from roentgene.analyses.association.design import Design, Method, design_of
from roentgene.analyses.association.ranks import Columns, Mask
from roentgene.analyses.association.shuffled_block import (
    ShuffledBlock,
    blocks_of,
    p_of_score,
    pairs_of,
    permutation_keys,
    score_of_p,
    shuffle,
)
from roentgene.analyses.association.testing import Tested
from roentgene.analyses.constant import Floats

__all__ = ["Part", "Permuted", "permutation_keys", "permute", "permute_together", "shuffle"]

#: Two p that differ by less are one: a shuffle that changes nothing must count.
_ALIKE = 1.0 + 1e-9


@dataclass(frozen=True)
class Permuted:
    """Pairs with a small p, and how often chance finds as much; one element a pair.

    ``p_value`` is that of Student's t (of chi-square for ``kruskal``). ``p_family_wise`` is the
    chance that the best pair of the family is as good without any association;
    ``false_discovery_rate`` the share of pairs as good that chance would find. ``smallest_p`` has
    the shape (permutations, families): the best of each permutation, infinite where none was
    below ``up_to_p``.
    """

    feature: NDArray[np.int32]
    target: NDArray[np.int32]
    p_value: Floats
    p_family_wise: Floats
    false_discovery_rate: Floats
    smallest_p: Floats
    up_to_p: float

    def of(self, tested: Tested, first_target: int = 0) -> tuple[Floats, Floats]:
        """Family-wise p and false discovery rate of the kept pairs; NaN where p was too large.

        ``first_target`` is the number of the first target where several blocks were permuted.
        """
        target = tested.target + first_target
        width = 1 + int(max(target.max(initial=0), self.target.max(initial=0)))
        known = self.feature.astype(np.int64) * width + self.target
        asked = tested.feature.astype(np.int64) * width + target
        place = np.minimum(np.searchsorted(known, asked), max(known.size - 1, 0))
        found = np.full((2, asked.size), np.nan)
        if known.size:
            there = known[place] == asked
            found[0, there] = self.p_family_wise[place[there]]
            found[1, there] = self.false_discovery_rate[place[there]]
        return found[0], found[1]


class _Observed(NamedTuple):
    """Pairs with a small p, by family and p; those of family f are from ``bounds[f]`` on."""

    feature: NDArray[np.intp]
    target: NDArray[np.intp]
    p_value: Floats
    bounds: NDArray[np.intp]


class Part(NamedTuple):
    """Features against targets with the same covariates, of which families can have several.

    ``families`` and ``features``, the numbers that they have among all, have one element a
    feature of the design; ``first_target`` is the number of its first target; ``persons`` says
    which of all persons its rows are.
    """

    design: Design
    families: NDArray[np.integer]
    features: NDArray[np.intp]
    first_target: int
    persons: NDArray[np.intp]


def permute(
    features: Floats | Columns,
    targets: Floats | Columns,
    *,
    method: Method = "spearman",
    covariates: Floats | None = None,
    strata: NDArray[np.integer] | None = None,
    families: NDArray[np.integer] | None = None,
    duplicate: Mask | None = None,
    up_to_p: float = 1e-3,
    n_permutations: int = 1000,
    seed: int = 0,
) -> Permuted:
    """Test every feature against every target with shuffled persons.

    Parameters
    ----------
    features, targets, method, covariates, strata, families, duplicate
        As in :func:`roentgene.analyses.association.testing.associate`.
    up_to_p : float
        Pairs with a larger p by Student's t (chi-square for ``kruskal``) are not looked at.
    n_permutations : int
        Shuffles.
    seed : int
        With the number of the shuffle, what the order of the persons is made of.

    Raises
    ------
    ValueError
        As ``associate``.
    """
    design = design_of(features, targets, method, covariates, strata, duplicate, up_to_p)
    n_features, n_persons = design.features.n_columns, design.features.n_persons
    if families is None:
        families = np.zeros(n_features, np.intp)
    part = Part(design, families, np.arange(n_features), 0, np.arange(n_persons))
    return permute_together([part], up_to_p=up_to_p, n_permutations=n_permutations, seed=seed)


def permute_together(
    parts: Sequence[Part], *, up_to_p: float, n_permutations: int, seed: int
) -> Permuted:
    """Test the pairs of all parts with the same shuffled persons; families reach over parts.

    Parameters
    ----------
    parts : sequence of Part
        Their designs keep p up to ``up_to_p``. No two have the same feature and target.
    up_to_p, n_permutations, seed
        As in :func:`permute`.

    Notes
    -----
    Family-wise: Westfall and Young 1993, Resampling-Based Multiple Testing, single step, with
    ``(1 + b) / (1 + B)`` of Phipson and Smyth 2010, doi:10.2202/1544-6115.1585. With covariates
    the residuals of the targets are shuffled: Freedman and Lane 1983, doi:10.2307/1391660.
    Within strata the persons are shuffled within their stratum. Pairs of different n, and of
    different statistics, are compared by their p. A person has one place in the order of a
    shuffle, whatever the columns lack and whatever the part: among the persons of a pair, that
    is a shuffle as well, and what goes together within a person stays together.
    """
    n_families = max(int(part.families.max(initial=-1)) for part in parts) + 1
    n_persons = max(int(part.persons.max(initial=-1)) for part in parts) + 1
    with one_blas_thread() as n_threads:
        blocks = [block for part in parts for block in _placed(part)]
        observed = _observed(blocks, n_families, up_to_p)
        reached = {
            degrees: score_of_p(observed.p_value * _ALIKE, degrees)
            for degrees in {block.degrees for block in blocks}
        }
        # how many pairs of all shuffles reach each observed p, and no smaller one
        frequency, lock = np.zeros(observed.p_value.size, np.int64), Lock()

        def once(number: int) -> Floats:
            keys = permutation_keys(seed, number, n_persons)
            smallest, counts = np.full(n_families, np.inf), np.zeros_like(frequency)
            for block in blocks:
                found = pairs_of(block, keys, up_to_p)
                for family in np.flatnonzero(np.bincount(found.family)).tolist():
                    members = slice(*observed.bounds[family : family + 2])
                    score = found.score[found.family == family]
                    best = p_of_score(score.min(), block.degrees)
                    smallest[family] = min(smallest[family], best)
                    place = np.searchsorted(reached[block.degrees][members], score)
                    counts[members] += np.bincount(place, minlength=counts[members].size + 1)[:-1]
            # whole numbers: their sum is the same in any order
            with lock:
                np.add(frequency, counts, out=frequency)
            return np.where(smallest <= up_to_p, smallest, np.inf)

        smallest_p = np.stack(in_threads(once, range(n_permutations), n_threads))
    return _permuted(observed, frequency, smallest_p, up_to_p)


def _placed(part: Part) -> list[ShuffledBlock]:
    """Blocks of a part with the numbers that persons and columns have among all."""
    return [
        block._replace(
            rows=part.persons[block.rows],
            features=part.features[block.features],
            targets=block.targets + part.first_target,
        )
        for block in blocks_of(part.design, part.families)
    ]


def _observed(blocks: Sequence[ShuffledBlock], n_families: int, up_to_p: float) -> _Observed:
    none, parts = np.empty(0, np.intp), []
    for block in blocks:
        found = pairs_of(block, None, up_to_p)
        parts.append((*found[:3], p_of_score(found.score, block.degrees)))
    columns = zip((none, none, none, np.empty(0)), *parts, strict=True)
    feature, target, family, p_value = (np.concatenate(column) for column in columns)
    order = np.lexsort((p_value, family))
    order = order[p_value[order] <= up_to_p]
    bounds = np.searchsorted(family[order], np.arange(n_families + 1))
    return _Observed(feature[order], target[order], p_value[order], bounds)


def _permuted(
    observed: _Observed,
    frequency: NDArray[np.int64],
    smallest_p: Floats,
    up_to_p: float,
) -> Permuted:
    n_permutations = smallest_p.shape[0]
    family_wise, discovery = np.empty(observed.p_value.size), np.empty(observed.p_value.size)
    for number, (start, stop) in enumerate(pairwise(observed.bounds.tolist())):
        p_value = observed.p_value[start:stop]
        best = np.sort(smallest_p[:, number])
        reached = np.searchsorted(best, p_value * _ALIKE, side="right")
        family_wise[start:stop] = (1 + reached) / (1 + n_permutations)
        by_chance = np.cumsum(frequency[start:stop]) / n_permutations
        as_good = np.searchsorted(p_value, p_value * _ALIKE, side="right")
        share = np.minimum(by_chance / as_good, 1.0)
        discovery[start:stop] = np.minimum.accumulate(share[::-1])[::-1]
    order = np.lexsort((observed.target, observed.feature))
    return Permuted(
        feature=observed.feature[order].astype(np.int32),
        target=observed.target[order].astype(np.int32),
        p_value=observed.p_value[order],
        p_family_wise=family_wise[order],
        false_discovery_rate=discovery[order],
        smallest_p=smallest_p,
        up_to_p=up_to_p,
    )
