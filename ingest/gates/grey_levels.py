"""How many grey levels PyRadiomics will make of a region, before it is asked to."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: PyRadiomics' own default (``imageoperations.getBinEdges``).
DEFAULT_BIN_WIDTH = 25


def expected_grey_levels(
    values: NDArray[Any],
    settings: Mapping[str, Any],
    mean_and_deviation: tuple[float, float] | None = None,
) -> int | None:
    """Foretell the number of grey levels of a region on the original image type.

    PyRadiomics bins with edges at multiples of the bin width, so there are
    ``floor(max / w) - floor(min / w) + 1`` levels. With ``normalize`` the values are first brought
    to ``scale * (x - mean) / deviation`` of the whole image, then ``resegmentRange`` leaves values
    out. Resampling is not foreseen: its spline may overshoot a little.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Finite image values in the region.
    settings : mapping
        PyRadiomics' settings, those of the original image type included.
    mean_and_deviation : tuple of float, optional
        Of the whole image; needed with ``normalize``.

    Returns
    -------
    int or None
        None where the width of the bins is not what decides (``binCount``), or where
        resegmentation leaves no value.

    Examples
    --------
    >>> expected_grey_levels(np.array([54.0, 166.0]), {"binWidth": 25})
    5
    """
    if settings.get("binCount") is not None:
        return None
    found = np.asarray(values, dtype=np.float64)
    if settings.get("normalize"):
        if mean_and_deviation is None:
            msg = "mean and deviation of the image are needed to normalise"
            raise ValueError(msg)
        found = _normalised(found, settings, *mean_and_deviation)
    if settings.get("resegmentRange") is not None:
        found = _resegmented(found, settings)
    if not found.size:
        return None
    width = float(settings.get("binWidth", DEFAULT_BIN_WIDTH))
    low, high = float(found.min()), float(found.max())
    return math.floor(high / width) - math.floor(low / width) + 1


def _normalised(
    values: NDArray[np.float64], settings: Mapping[str, Any], mean: float, deviation: float
) -> NDArray[np.float64]:
    """As ``imageoperations.normalizeImage``: outliers are cut before the scale is applied."""
    scaled = (values - mean) / deviation
    outliers = settings.get("removeOutliers")
    if outliers is not None:
        scaled = scaled.clip(-outliers, outliers)
    return np.asarray(scaled * settings.get("normalizeScale", 1))


def _resegmented(values: NDArray[np.float64], settings: Mapping[str, Any]) -> NDArray[np.float64]:
    """As ``imageoperations.resegmentMask``."""
    limits = np.sort(np.asarray(settings["resegmentRange"], dtype=np.float64))
    mode = settings.get("resegmentMode", "absolute")
    if mode == "relative":
        limits = limits * values.max()
    elif mode == "sigma":
        limits = values.mean() + limits * values.std()
    kept = values[values >= limits[0]]
    return np.asarray(kept[kept <= limits[1]] if limits.size == 2 else kept)
