"""The shape of a synthetic tumour: nested regions, and how readers draw them.

A tumour is a *depth field*: the distance from its centre in millimetres, stretched and bent.
Every boundary is a level of that field, so the regions are nested, and a reader who draws a
little beside the truth is the same field moved by a smooth random displacement.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from roentgene.app.demo.traits import Floats

#: Grid of every image: voxels (z, y, x) and their size in millimetres.
SHAPE = (20, 40, 40)
SPACING = (2.0, 1.0, 1.0)

#: Mask values of the drawn regions, from the outside to the inside.
LABELS: Mapping[str, int] = {"ED": 2, "ET": 4, "NCR": 1}

#: Radius of the whole tumour at average size, and of its inner boundaries as a share of it.
WHOLE_MM = 10.0
CORE_SHARE = 0.70
NECROSIS_SHARE = 0.46

_WOBBLE = 0.08
_WOBBLE_LENGTH_MM = 5.0
_READER_LENGTH_MM = 4.0


def smooth_field(rng: np.random.Generator, length_mm: float) -> Floats:
    """Gaussian random field on the grid, mean 0 and variance 1; see :func:`smoothed`."""
    return smoothed(rng.standard_normal(SHAPE), length_mm)


def smoothed(white: Floats, length_mm: float) -> Floats:
    """Smooth white noise to a correlation length and bring it to mean 0 and variance 1.

    White noise under a Gaussian kernel of standard deviation ``length_mm`` has the
    autocorrelation ``exp(-d**2 / (4 * length_mm**2))`` at distance d.
    """
    sigma = [length_mm / step for step in SPACING]
    field = gaussian_filter(white, sigma, mode="wrap")
    return np.asarray((field - field.mean()) / field.std())


def depth_field(rng: np.random.Generator) -> Floats:
    """Distance from the centre of a tumour in millimetres, stretched and bent; shape (z, y, x)."""
    centre = rng.uniform(-1.0, 1.0, 3)
    stretch = rng.normal(1.0, 0.06, 3)
    squared = np.zeros(SHAPE)
    for axis, (n, step) in enumerate(zip(SHAPE, SPACING, strict=True)):
        position = (np.arange(n) - (n - 1) / 2) * step - centre[axis]
        along = [1, 1, 1]
        along[axis] = n
        squared = squared + ((position * stretch[axis]) ** 2).reshape(along)
    # a share of the distance, so that the smallest part keeps its size
    return np.asarray(np.sqrt(squared) * (1 + _WOBBLE * smooth_field(rng, _WOBBLE_LENGTH_MM)))


def whole_radius(size: float, volume_factor: float) -> float:
    """Radius of the whole tumour in millimetres.

    Parameters
    ----------
    size : float
        The patient's trait.
    volume_factor : float
        Volume at this visit divided by that at baseline.
    """
    return float(WHOLE_MM * np.exp(0.08 * np.clip(size, -2, 2)) * np.cbrt(volume_factor))


def as_drawn(rng: np.random.Generator, depth: Floats, displacement_mm: float) -> Floats:
    """Move every boundary as a reader does, by ``displacement_mm`` in standard deviation."""
    return np.asarray(depth + displacement_mm * smooth_field(rng, _READER_LENGTH_MM))


def label_map(depth: Floats, radius_mm: float, enhancing: bool = True) -> NDArray[np.uint8]:
    """Labels of the tumour's parts, 0 outside; without enhancement its shell counts as oedema."""
    labels = np.zeros(SHAPE, np.uint8)
    labels[depth < radius_mm] = LABELS["ED"]
    labels[depth < CORE_SHARE * radius_mm] = LABELS["ET" if enhancing else "ED"]
    labels[depth < NECROSIS_SHARE * radius_mm] = LABELS["NCR"]
    return labels
