"""Regions made of regions: union, intersection, difference, ring, largest component, perturbed.

Everything is done on bounding boxes, for a tumour is small in its image.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from roentgene.ingest.block import Block, cut_out
from roentgene.ingest.region_rule import Rule
from roentgene.ingest.regions.components import largest_component
from roentgene.ingest.regions.perturbation import perturbed
from roentgene.ingest.regions.rings import ring

#: Gives the voxels of a leaf of a rule.
Leaf = Callable[[Rule], Block]
#: Gives the voxels of a region that belong to a habitat.
Habitat = Callable[[Rule, Block], Block]


class Maker:
    """Makes the regions of one mask; what several rules have in common is made once.

    Parameters
    ----------
    shape : tuple of int
        Shape (z, y, x) of the grid.
    spacing : tuple of float
        Voxel size (x, y, z) in millimetres.
    leaf, habitat : callable
        Give what is not made of voxels alone; what they raise goes to the caller.
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        spacing: tuple[float, float, float],
        leaf: Leaf,
        habitat: Habitat | None = None,
    ) -> None:
        self._shape = shape
        self._spacing = spacing
        self._leaf = leaf
        self._habitat = habitat
        self._made: dict[Rule, Block] = {}

    def region(self, rule: Rule) -> Block:
        """Make the region of a rule."""
        if rule not in self._made:
            parts = [self.region(part) for part in rule.of]
            self._made[rule] = self._carried_out(rule, parts)
        return self._made[rule]

    def _carried_out(self, rule: Rule, parts: Sequence[Block]) -> Block:
        if rule.operation == "union":
            return union(parts)
        if rule.operation == "intersection":
            return intersection(parts)
        if rule.operation == "without":
            return difference(parts[0], parts[1:])
        if rule.operation == "largest_component":
            return cut_out(largest_component(parts[0].voxels), parts[0].start)
        if rule.operation == "ring" and rule.ring_mm is not None:
            return ring_around(parts[0], self._shape, self._spacing, rule.ring_mm)
        if rule.operation == "habitat" and self._habitat is not None:
            return self._habitat(rule, parts[0])
        if rule.operation == "perturbed" and rule.perturbation is not None:
            return perturbed(parts[0], self._shape, self._spacing, rule.perturbation)
        return self._leaf(rule)


def union(blocks: Sequence[Block]) -> Block:
    """Voxels that belong to any of several regions on one grid."""
    filled = [block for block in blocks if block.n_voxels]
    if not filled:
        return _nothing()
    start, stop = _frame(filled)
    voxels: NDArray[np.bool_] = np.zeros(stop - start, dtype=np.bool_)
    for block in filled:
        z, y, x = (
            slice(first, first + length)
            for first, length in zip(block.start - start, block.voxels.shape, strict=True)
        )
        voxels[z, y, x] |= block.voxels
    return Block((int(start[0]), int(start[1]), int(start[2])), voxels)


def intersection(blocks: Sequence[Block]) -> Block:
    """Voxels that belong to all of several regions on one grid."""
    first, *others = sorted(blocks, key=lambda block: block.voxels.size)
    voxels = first.voxels.copy()
    for other in others:
        voxels &= _seen_from(first, other)
    return cut_out(voxels, first.start)


def difference(block: Block, taken: Sequence[Block]) -> Block:
    """Voxels of a region that belong to none of others on its grid."""
    voxels = block.voxels.copy()
    for other in taken:
        voxels &= ~_seen_from(block, other)
    return cut_out(voxels, block.start)


def ring_around(
    block: Block,
    shape: tuple[int, int, int],
    spacing: tuple[float, float, float],
    ring_mm: tuple[float, float],
) -> Block:
    """Ring around a region, as :func:`roentgene.ingest.regions.rings.ring` does it.

    Parameters
    ----------
    block : Block
        The region.
    shape : tuple of int
        Shape (z, y, x) of the grid, where the ring ends.
    spacing : tuple of float
        Voxel size (x, y, z) in millimetres.
    ring_mm : tuple of float
        Where the ring begins and where it ends, in millimetres.
    """
    if not block.n_voxels:
        return _nothing()
    inner_mm, outer_mm = ring_mm
    # a box that holds the whole ring stands for the image
    margins = [math.ceil(outer_mm / step) + 1 for step in reversed(spacing)]
    low = [max(first - more, 0) for first, more in zip(block.start, margins, strict=True)]
    high = [
        min(first + length + more, end)
        for first, length, more, end in zip(
            block.start, block.voxels.shape, margins, shape, strict=True
        )
    ]
    inside = tuple(first - start for first, start in zip(block.start, low, strict=True))
    moved = Block((inside[0], inside[1], inside[2]), block.voxels)
    box = moved.within(tuple(end - start for start, end in zip(low, high, strict=True)))
    return cut_out(ring(box, spacing, inner_mm, outer_mm), (low[0], low[1], low[2]))


def _nothing() -> Block:
    return cut_out(np.zeros((0, 0, 0), dtype=np.bool_))


def _frame(blocks: Sequence[Block]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First and last corner of the box around several blocks."""
    starts = np.array([block.start for block in blocks], dtype=np.int64)
    lengths = np.array([block.voxels.shape for block in blocks], dtype=np.int64)
    return starts.min(axis=0), (starts + lengths).max(axis=0)


def _seen_from(block: Block, other: Block) -> NDArray[np.bool_]:
    """Voxels of another region in the box of a region."""
    seen = np.zeros(block.voxels.shape, dtype=np.bool_)
    here, there = [], []
    for first, length, other_first, other_length in zip(
        block.start, block.voxels.shape, other.start, other.voxels.shape, strict=True
    ):
        low = max(first, other_first)
        high = max(min(first + length, other_first + other_length), low)
        here.append(slice(low - first, high - first))
        there.append(slice(low - other_first, high - other_first))
    seen[tuple(here)] = other.voxels[tuple(there)]
    return seen
