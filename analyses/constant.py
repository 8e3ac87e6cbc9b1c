"""What counts as a constant."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]

#: Values whose range is smaller than this share of the largest magnitude are one value.
#: ``0.1 * 3`` and ``0.3`` differ by 2e-16, a feature with mean 1e6 and SD 0.01 by 1e-8.
RELATIVE_RANGE = 1e-12


def is_constant(minimum: Floats, maximum: Floats) -> NDArray[np.bool_]:
    """Whether values between these bounds are one value but for rounding.

    Parameters
    ----------
    minimum, maximum : ndarray
        Smallest and largest value, element by element.

    Examples
    --------
    >>> is_constant(np.array([0.3, 0.0, 1e6]), np.array([0.1 * 3, 0.0, 1e6 + 0.01])).tolist()
    [True, True, False]
    """
    magnitude = np.maximum(np.abs(minimum), np.abs(maximum))
    return np.asarray(maximum - minimum <= RELATIVE_RANGE * magnitude)
