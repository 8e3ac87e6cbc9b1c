"""A mask that was read: where its voxels lie, and the regions that its labels stand for.

A label map has one value a voxel; a structure set or a segmentation object has parts that may
overlap. What uses a mask need not know which of them it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from roentgene.ingest.block import Block
from roentgene.ingest.sources.volume import Geometry


class Mask(Protocol):
    """Regions on a grid, by label: value of a label map, number of an ROI or of a segment."""

    @property
    def geometry(self) -> Geometry:
        """Grid of the mask."""

    def region(self, labels: tuple[int, ...]) -> Block:
        """Voxels that belong to any of the labels; to any label at all where none is given."""

    def inventory(self) -> Mapping[int, int]:
        """Voxels of each label that the mask knows, also of one without a voxel."""


@dataclass(frozen=True)
class Parts:
    """A mask whose parts may overlap, as in a structure set or a segmentation object.

    Parameters
    ----------
    geometry : Geometry
        Grid that all parts lie on.
    blocks : mapping of int to Block
        Voxels of each part by its number; a block without voxels for a part without any.
    """

    geometry: Geometry
    blocks: Mapping[int, Block]

    def region(self, labels: tuple[int, ...]) -> Block:
        """Union of parts; of all of them where none is given."""
        wanted = [self.blocks[label] for label in labels or self.blocks if label in self.blocks]
        return union_of([block for block in wanted if block.n_voxels])

    def inventory(self) -> dict[int, int]:
        """Voxels of each part."""
        return {label: block.n_voxels for label, block in self.blocks.items()}


def union_of(blocks: list[Block]) -> Block:
    """Voxels that belong to any of several blocks on one grid.

    Parameters
    ----------
    blocks : list of Block
        Blocks with at least one voxel each.

    Examples
    --------
    >>> left = Block((0, 0, 0), np.ones((1, 1, 2), dtype=np.bool_))
    >>> right = Block((0, 0, 3), np.ones((1, 1, 1), dtype=np.bool_))
    >>> union_of([left, right]).voxels.tolist()
    [[[True, True, False, True]]]
    """
    if not blocks:
        return Block((0, 0, 0), np.zeros((0, 0, 0), dtype=np.bool_))
    if len(blocks) == 1:
        return blocks[0]
    starts = np.array([block.start for block in blocks])
    stops = starts + np.array([block.voxels.shape for block in blocks])
    first = starts.min(axis=0)
    voxels: NDArray[np.bool_] = np.zeros(stops.max(axis=0) - first, dtype=np.bool_)
    for block, start, stop in zip(blocks, starts - first, stops - first, strict=True):
        z, y, x = (slice(low, high) for low, high in zip(start, stop, strict=True))
        voxels[z, y, x] |= block.voxels
    return Block((int(first[0]), int(first[1]), int(first[2])), voxels)
