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
    from scipy import ndimage

    labelled, number = ndimage.label(region, np.ones((3, 3, 3)))
    if not number:
        return Components(0, None)
    sizes = np.bincount(labelled[region])
    return Components(int(number), float(sizes.max() / sizes.sum()))
