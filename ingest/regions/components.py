"""The pieces that a region falls into."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Components(NamedTuple):
    """How many pieces a region has.

    Parameters
    ----------
    number : int
        Pieces; 0 for an empty region.
    largest_share : float or None
        Share of the region's voxels that the largest piece has; None for an empty region.
    """

    number: int
    largest_share: float | None


def components(region: NDArray[np.bool_]) -> Components:
    """Count the pieces of a region; voxels that touch at a corner are one piece (26 neighbours).

    Parameters
    ----------
    region : ndarray of bool, shape (z, y, x)
        The region.

    Examples
    --------
    >>> components(np.array([[[True, True, False, True]]]))
    Components(number=2, largest_share=0.6666666666666666)
    """
    labelled, number = _pieces(region)
    if not number:
        return Components(0, None)
    sizes = np.bincount(labelled[region])
    return Components(number, float(sizes.max() / sizes.sum()))


def largest_component(region: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Keep the largest piece of a region, of several equally large ones the first in (z, y, x).

    Parameters
    ----------
    region : ndarray of bool, shape (z, y, x)
        The region; voxels that touch at a corner are one piece, as in :func:`components`.

    Examples
    --------
    >>> largest_component(np.array([[[True, True, False, True]]])).tolist()
    [[[True, True, False, False]]]
    """
    labelled, number = _pieces(region)
    if number < 2:
        return region.copy()
    sizes = np.bincount(labelled[region])
    return np.asarray(labelled == sizes.argmax())


def _pieces(region: NDArray[np.bool_]) -> tuple[NDArray[np.int32], int]:
    from scipy import ndimage

    labelled, number = ndimage.label(region, np.ones((3, 3, 3)))
    return labelled, int(number)
