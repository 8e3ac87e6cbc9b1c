"""Regions in several pieces, which PySERA measures piece by piece.

A region has one value of a feature here. ``whole_region`` measures it as the one region that it
is, pieces and all. ``volume_weighted`` is PySERA's own rule (``aggregation_lesion``): the pieces
that hold together over faces, edges or corners are measured apart, the largest of them and none
that is too small; then volumes, surface and lengths are added up, what describes image and mask
is taken from the first, and everything else is averaged with the pieces' voxels as weights.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from roentgene.ingest.block import Block


def pieces(region: Block, min_voxels: int, most: int) -> list[Block]:
    """Take a region apart.

    Parameters
    ----------
    region : Block
        The region.
    min_voxels : int
        Voxels that a piece must have.
    most : int
        Number of pieces, the largest, that are measured.

    Returns
    -------
    list of Block
        In the order of PySERA: as they are met along x, then y, then z.
    """
    from scipy.ndimage import find_objects, label

    # PySERA has its arrays along x, y, z, and numbers what it meets first
    turned, _ = label(region.voxels.T, structure=np.ones((3, 3, 3)))
    labels = turned.T
    counts = np.bincount(labels.ravel())[1:]
    kept = [int(i) for i in np.argsort(-counts, kind="stable") if counts[i] >= min_voxels][:most]
    boxes = find_objects(labels)
    return [_piece(region, labels, index, boxes[index]) for index in sorted(kept)]


def _piece(
    region: Block, labels: NDArray[np.int32], index: int, box: tuple[slice, slice, slice]
) -> Block:
    z, y, x = (first + part.start for first, part in zip(region.start, box, strict=True))
    return Block((z, y, x), labels[box] == index + 1)


def volume_weighted(
    values: Sequence[Mapping[str, float]],
    voxels: Sequence[int],
    added: frozenset[str],
    from_first: frozenset[str],
) -> dict[str, float]:
    """Make one value of each feature out of those of the pieces.

    Parameters
    ----------
    values : sequence of mapping
        Value by feature of each piece; NaN where there is none.
    voxels : sequence of int
        Voxels of each piece.
    added, from_first : frozenset of str
        Features that are added up, and that are taken from the first piece that has them.

    Examples
    --------
    >>> volume_weighted([{"a": 1.0}, {"a": 4.0}], [2, 1], frozenset(), frozenset())
    {'a': 2.0}
    """
    found: dict[str, float] = {}
    for name in values[0]:
        have = [
            (piece[name], weight)
            for piece, weight in zip(values, voxels, strict=True)
            if not math.isnan(piece[name])
        ]
        if not have:
            found[name] = math.nan
        elif name in from_first:
            found[name] = have[0][0]
        elif name in added:
            found[name] = sum(value for value, _ in have)
        else:
            weights = [weight for _, weight in have]
            found[name] = float(np.average([value for value, _ in have], weights=weights))
    return found
