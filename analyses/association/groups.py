"""Targets that are categories: how much of the ranks' variance lies between their groups."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from roentgene.analyses.association.correlation_blocks import Side
from roentgene.analyses.constant import Floats


class Groups(NamedTuple):
    """Who belongs to which category of some targets.

    ``members`` has the shape (persons, groups of all targets), ``first`` is the first group of
    each target, ``number`` how many it has.
    """

    members: Floats
    first: NDArray[np.intp]
    number: NDArray[np.intp]


def groups_of(codes: Floats) -> Groups:
    """Make groups of codes of categories, shape (persons, targets), none missing."""
    members = [_one_hot(column) for column in codes.T]
    number = np.array([part.shape[1] for part in members], np.intp)
    return Groups(np.hstack(members), np.concatenate([[0], np.cumsum(number)[:-1]]), number)


def _one_hot(codes: Floats) -> Floats:
    categories, place = np.unique(codes, return_inverse=True)
    return np.asarray(place[:, None] == np.arange(categories.size), np.float64)


def between_groups(x: Side, groups: Groups) -> Floats:
    """Share of the ranks' variance of each feature between the groups of each target.

    Parameters
    ----------
    x : Side
        Doubled centred ranks: their sums are whole numbers and exact.
    groups : Groups
        Groups of the same persons.

    Returns
    -------
    ndarray
        Shape (features, targets).
    """
    sums = x.vectors @ groups.members
    between = np.add.reduceat(np.square(sums) / groups.members.sum(axis=0), groups.first, axis=1)
    return np.asarray(between / x.squares[:, None])
