"""What masks hold and where they lie, looked up in a few of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from roentgene.ingest.gates.geometry import geometry_difference
from roentgene.ingest.sources.volume import Geometry, VolumeError, read_volume
from roentgene.schemas.study import GateThresholds

#: How many masks are looked into before something is said of all of them.
N_LOOKED_INTO = 5
_N_PAIRS = 3
_N_REMEMBERED = 256
Item = TypeVar("Item")


@dataclass(frozen=True)
class Content:
    """What one file holds.

    Parameters
    ----------
    geometry : Geometry
        Its grid.
    labels : frozenset of int or None
        Values other than 0; None if it is no label map.
    lowest : float
        Its smallest value.
    """

    geometry: Geometry
    labels: frozenset[int] | None
    lowest: float


@lru_cache(_N_REMEMBERED)
def look_into(path: Path) -> Content | None:
    """Read an image or a mask; None where it is no volume that can be read.

    Parameters
    ----------
    path : Path
        The file.
    """
    try:
        volume = read_volume(path, "mask")
    except VolumeError:
        return None
    return Content(volume.geometry, _labels(volume.voxels), float(volume.voxels.min()))


def _labels(voxels: NDArray[Any]) -> frozenset[int] | None:
    # infinity is its own floor
    whole = voxels.dtype.kind != "f" or bool(
        np.isfinite(voxels).all() and np.array_equal(voxels, np.floor(voxels))
    )
    if not whole:
        return None
    values = np.unique(voxels)
    if values.size > GateThresholds().max_labels + 1 or values[0] != 0:
        return None
    return frozenset(int(value) for value in values[1:])


def labels_in(paths: Iterable[Path]) -> frozenset[int]:
    """Collect the values of a few masks.

    Parameters
    ----------
    paths : iterable of Path
        The masks; those that are looked into are spread over them.
    """
    found: set[int] = set()
    for path in _spread(list(paths), N_LOOKED_INTO):
        content = look_into(path)
        if content is not None and content.labels is not None:
            found |= content.labels
    return frozenset(found)


def are_label_maps(paths: Iterable[Path]) -> bool:
    """Whether a few files are all label maps with something in them.

    Parameters
    ----------
    paths : iterable of Path
        The files.
    """
    contents = [look_into(path) for path in _spread(list(paths), _N_PAIRS)]
    return bool(contents) and all(one is not None and one.labels for one in contents)


def lie_on_one_grid(pairs: Sequence[tuple[Path, Path]]) -> bool:
    """Whether at least one of a few pairs of image and mask lies on one grid.

    One is enough: a pair that does not fit is refused by name later, and a whole cohort must not
    be lost to its first patient. Grids are compared as the gate of masks does it.

    Parameters
    ----------
    pairs : sequence of (Path, Path)
        Images with their masks.
    """
    return any(_on_one_grid(*pair) for pair in _spread(pairs, _N_PAIRS))


def _on_one_grid(image: Path, mask: Path) -> bool:
    one, other = look_into(image), look_into(mask)
    if one is None or other is None:
        return False
    difference = geometry_difference(one.geometry, other.geometry)
    tolerance = GateThresholds().geometry_tolerance_mm
    return not difference.size_voxels and difference.corner_mm <= tolerance


def _spread(found: Sequence[Item], number: int) -> list[Item]:
    """Take a few from all over a sequence, the first and the last among them."""
    if len(found) <= number:
        return list(found)
    return [found[round(i * (len(found) - 1) / (number - 1))] for i in range(number)]
